// Stored answers as responses: whole, by parts, as 304, as what HEAD gets, and while they still come.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "gateway/cache/flight.h"
#include "gateway/exchange.h"
#include "gateway/filters/cache/fetch.h"
#include "gateway/handlers/response.h"

namespace tandem::gateway {

// What Cache-Status says (RFC 9211) of one answer.
class CacheStatus {
 public:
  explicit CacheStatus(std::string_view cache);
  CacheStatus& hit() { return flag("hit"); }
  CacheStatus& forwarded(std::string_view why) { return word("fwd", why); }  // "uri-miss", "stale", …
  CacheStatus& service_said(int status) { return number("fwd-status", status); }
  CacheStatus& ttl(std::int64_t seconds) { return number("ttl", seconds); }
  CacheStatus& stored() { return flag("stored"); }
  CacheStatus& collapsed() { return flag("collapsed"); }
  CacheStatus& detail(std::string_view why) { return word("detail", why); }
  std::string take() { return std::move(text_); }

 private:
  CacheStatus& flag(std::string_view name);
  CacheStatus& word(std::string_view name, std::string_view token);
  CacheStatus& number(std::string_view name, std::int64_t value);
  std::string text_;
};

// The answer to the exchange's request out of `entry`: its conditions and its range count.
Response stored_answer(const Exchange& exchange, std::shared_ptr<const cache::Entry> entry, Instant now,
                       CacheStatus status);

// The answer while its body comes. `fetch`: of who began the flight, and goes on with the rest if it gets too long to
// keep; null for all others.
Response coming_answer(std::shared_ptr<cache::Flight> flight, const cache::Flight::Look& look,
                       std::shared_ptr<Fetch> fetch, CacheStatus status);

}  // namespace tandem::gateway
