// Which of a listener's [[listener.match]] takes a client, by the name and the protocols that its TLS asks for. Made
// with the generation, read-only then; any thread.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lb/config.h"

namespace tandem::lb {

struct Branch;

class MatchTable {
 public:
  struct Found {
    const Branch* branch = nullptr;  // null: nothing matches
    std::string_view protocol;       // what was asked for and decided; empty: it did not matter
  };

  // `branch` must outlive the table. Of two matches that say the same the first stays (the configuration has none).
  void add(const MatchConfig& match, const Branch& branch);
  bool empty() const { return by_name_.empty(); }

  // `name`: as normal_host_name() gives it, or empty. `protocols`: as ClientHello::protocols. The most specific match
  // wins: the name itself, then "*." and the rest of it, then those without names; of the same name those that ask for
  // a protocol, in the client's order, before the one that does not. The protocol found lies in `protocols`.
  Found find(std::string_view name, std::string_view protocols) const;

 private:
  struct Entry {
    std::string protocol;  // empty: any, or none
    const Branch* branch;
  };
  using Entries = std::vector<Entry>;
  Found find_at(std::string_view name, std::string_view protocols) const;

  std::map<std::string, Entries, std::less<>> by_name_;  // "*.example.com" as it is written; "": any, or none
};

}  // namespace tandem::lb
