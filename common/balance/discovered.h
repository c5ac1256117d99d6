// What is known of an upstream's servers from answer to answer, and what an answer changes. Servers that are new count
// at once; one that is missing is given up when two answers in a row do without it; all of them only when it was said
// five times in a row that there is none, over 15 s; and a failure to answer changes nothing, however long it lasts. A
// partial answer takes nothing away, unless it stays partial five times in a row.
// No clock and no I/O of its own. The control thread's.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/balance/look_up.h"

namespace tandem::balance {

bool same_server(const ServerOptions& one, const ServerOptions& other);  // all of it, not the address alone

class Discovered {
 public:
  // `servers`: those of the time before the first answer.
  explicit Discovered(std::vector<ServerOptions> servers = {}) : servers_(std::move(servers)) {}

  // True when servers() is another list now.
  bool take(Finding finding);
  // How long after it the next look is due: the answer's time to live, from 1 s to 1 h; sooner to confirm what is
  // missing, and with growing pauses (1 s to 30 s) while there is no answer.
  Duration next_in() const;

  const std::vector<ServerOptions>& servers() const { return servers_; }
  bool answered() const { return answered_; }      // at least once, with a server
  Duration ttl() const { return ttl_; }            // of the last such answer
  const std::string& why() const { return why_; }  // what was wrong with the last one; empty: nothing

 private:
  bool add(std::vector<ServerOptions> found, bool whole);

  std::vector<ServerOptions> servers_;   // sorted by address
  std::map<Address, unsigned> missing_;  // of servers_: in how many answers in a row
  Duration ttl_ = Duration::zero();
  std::string why_;
  unsigned unanswered_ = 0;
  unsigned denials_ = 0;  // in a row, as is the next
  unsigned doubts_ = 0;   // partial answers
  bool answered_ = false;
};

}  // namespace tandem::balance
