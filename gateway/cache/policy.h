// Whether an answer may be stored in a shared cache, and how it may be used then (RFC 9111 §3, §4.2). Pure: times are
// handed in.
#pragma once
#include <expected>
#include <optional>
#include <string_view>

#include "common/base/clock.h"
#include "common/http/message.h"
#include "gateway/cache/cache_control.h"

namespace tandem::cache {

inline constexpr Seconds kMostHeuristic = 24 * 60 * 60;  // of what is fresh only by guess

// What counts of the request that was answered.
struct Asked {
  bool authorization = false;  // it came with Authorization
  bool cookie = false;         // nothing of its answer is fresh by guess
  bool no_store = false;
};

struct Answered {
  int status = 200;
  const http::Fields& fields;
  WallTime received{};  // its head
  Duration delay{};     // between the request sent and that
};

// What is used where the answer itself says nothing of it.
struct StaleDefaults {
  Seconds while_revalidate = 0;
  Seconds if_error = 0;
};

struct Policy {
  Seconds lifetime = 0;
  Seconds initial_age = 0;   // corrected_initial_age (§4.2.3)
  bool heuristic = false;    // nobody said how long it is fresh
  bool always_asks = false;  // no-cache: each use is validated
  bool never_stale = false;  // must-revalidate and its kin
  bool is_public = false;    // the answer says so: who asked makes no difference
  Seconds while_revalidate = 0;
  Seconds if_error = 0;
};

// Nothing of it may be stored for: the literal that says why.
std::expected<Policy, std::string_view> judge(const Asked& asked, const Answered& answer, const StaleDefaults& stale);

// How old an answer is when it arrives (corrected_initial_age, §4.2.3), and how long Expires says that it is fresh;
// nothing where it has no Expires.
Seconds age_on_arrival(const Answered& answer);
std::optional<Seconds> lifetime_by_expires(const Answered& answer);

// The fields that a stored answer goes without: those that no-cache and private name (RFC 9111 §5.2.2.4, §5.2.2.7).
bool is_left_out(const Directives& directives, std::string_view field);

}  // namespace tandem::cache
