// What becomes of the parts of an aggregate: why one fails, what the client's status is then, and how it is told in
// Gateway-Parts and the access log.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/error.h"

namespace tandem::gateway {

struct PartFailure {
  std::string_view err;           // a stable token, a literal; empty: it has not failed
  int status = 0;                 // what the service answered; 0: nothing, or that was not the reason
  std::string detail = {};        // for the process log
  std::string retry_after = {};   // what the service said
  std::string authenticate = {};  // its WWW-Authenticate

  bool failed() const { return !err.empty(); }
};

// "upstream_timeout" is told as "timeout": the part says whose it is.
std::string_view part_error(const Error& error);

// The status of an answer that a required part's failure ends: what the client could mend is told as it is (401 with a
// challenge, 403, 404, 410), a service that is busy or missing as 503, one that is late as 504, all else as 502.
int status_of(const PartFailure& failure);

// What Gateway-Parts tells of a part (RFC 9651: an item of a list).
struct PartTold {
  std::string_view name;
  std::string_view err;
  int status = 0;
  std::optional<Duration> took;  // nothing: nobody was asked
  std::optional<std::size_t> calls;
  std::size_t failed_calls = 0;
  std::string_view cache;
  bool skipped = false;
  bool fallback = false;
};
void append_part(std::string& list, const PartTold& part);

}  // namespace tandem::gateway
