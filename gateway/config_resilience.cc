#include "gateway/config_resilience.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/section.h"
#include "gateway/config_targets.h"

namespace tandem::gateway {
namespace {

using namespace config;
using std::chrono::milliseconds;

constexpr std::string_view kCauses = R"("connect", "reset" or a status such as 503)";

bool read_cause(Reader& reader, const Value& item, RetryConfig& to) {
  const auto found = reader.scalar(item);
  if (!found) return false;
  if (const auto* status = found->integer()) {
    if (*status < 400 || *status > 599) {
      return reader.error(item.place,
                          fmt::format("{} is not the status of an error; write one from 400 to 599", *status));
    }
    const auto code = static_cast<std::uint16_t>(*status);
    if (std::ranges::find(to.on, code) == to.on.end()) to.on.push_back(code);
    return true;
  }
  if (!found->text()) return reader.expected(kCauses, *found);
  if (*found->text() == "connect") return to.on_connect = true;
  if (*found->text() == "reset") return to.on_reset = true;
  return reader.error(item.place,
                      fmt::format("{} is nothing to try again after; write {}", quoted(*found->text()), kCauses));
}

bool read_causes(Reader& reader, const Value& value, RetryConfig& to) {
  if (!value.array()) return reader.expected(fmt::format("a list of {}", kCauses), value);
  if (value.array()->empty()) return reader.error(value.place, "the list is empty: nothing would be tried again");
  to.on_connect = to.on_reset = false;
  to.on.clear();
  bool good = true;
  for (const Value& item : *value.array()) good = read_cause(reader, item, to) && good;
  return good;
}

std::optional<Value> show_causes(const RetryConfig& from) {
  Value::Array shown;
  if (from.on_connect) shown.emplace_back("connect");
  if (from.on_reset) shown.emplace_back("reset");
  for (const std::uint16_t status : from.on) shown.emplace_back(int{status});
  return Value(std::move(shown));
}

Value causes_schema() {
  Value words, item;
  words.set("enum", Value::Array{"connect", "reset"});
  item.set("anyOf", Value::Array{std::move(words), integer<std::uint16_t>(400, 599).schema()});
  return detail::list_schema(std::move(item));
}

const Section<RetryConfig>& retry_section() {
  static const Section<RetryConfig> section =
      Section<RetryConfig>()
          .field("times", &RetryConfig::times, integer<std::uint32_t>(1, 10), "Tries after the first one.")
          .custom("on", read_causes, show_causes, causes_schema,
                  "After what: \"connect\" (none of the `attempts` to connect worked), \"reset\" (the connection ended "
                  "before the answer began), statuses of the answer.")
          .field("budget", &RetryConfig::budget, share(0.0),
                 "Retries as a share of the upstream's requests of the last 10 s; 10 are always allowed.")
          .field("non_idempotent", &RetryConfig::non_idempotent, boolean(),
                 "Whether POST and PATCH are tried again too: only where the service can bear a request twice.");
  return section;
}

const Section<BreakerConfig>& breaker_section() {
  static const Section<BreakerConfig> section =
      Section<BreakerConfig>()
          .field("failures", &BreakerConfig::failures, share(0.01),
                 "The share of failed requests at which it opens: no answer, or one of status 500 and above.")
          .field("of_at_least", &BreakerConfig::of_at_least, integer<std::uint32_t>(1, 1'000'000),
                 "It does not open on fewer requests.")
          .field("within", &BreakerConfig::within, duration(milliseconds(100)), "The time that is looked back on.")
          .field("open_for", &BreakerConfig::open_for, duration(milliseconds(10)),
                 "How long everything is refused; then one request at a time is let through until one succeeds.");
  return section;
}

constexpr std::uint32_t kMostConcurrent = 1'000'000'000;

const Section<ConcurrencyConfig>& concurrency_section() {
  static const Section<ConcurrencyConfig> section =
      Section<ConcurrencyConfig>()
          .field("limit", &ConcurrencyConfig::limit, integer<std::uint32_t>(1, kMostConcurrent), "Requests at a time.")
          .required()
          .field("key", &ConcurrencyConfig::key, request_key(true),
                 "Of whom each: \"caller\", \"ip\", \"header:NAME\" or \"cookie:NAME\"; without it of all together.");
  return section;
}

}  // namespace

// A table without `times` means one more try.
Kind<RetryConfig> retry() {
  Kind<RetryConfig> kind =
      table_or<RetryConfig>("none", {}, [](const RetryConfig& r) { return r.times == 0; }, retry_section());
  kind.read = [read = kind.read](Reader& reader, const Value& value, RetryConfig& to) {
    if (value.table()) to.times = 1;
    return read(reader, value, to);
  };
  return kind;
}

Kind<BreakerConfig> breaker() {
  Kind<BreakerConfig> kind =
      table_or<BreakerConfig>("none", {}, [](const BreakerConfig& b) { return !b.on; }, breaker_section());
  kind.read = [read = kind.read](Reader& reader, const Value& value, BreakerConfig& to) {
    if (value.table()) to.on = true;
    return read(reader, value, to);
  };
  return kind;
}

Kind<ConcurrencyConfig> concurrency() {
  Kind<ConcurrencyConfig> kind = table_or<ConcurrencyConfig>(
      "none", {}, [](const ConcurrencyConfig& c) { return c.limit == 0; }, concurrency_section());
  const Kind<std::uint32_t> number = integer<std::uint32_t>(1, kMostConcurrent);
  kind.read = [read = kind.read, number](Reader& reader, const Value& value, ConcurrencyConfig& to) {
    to.key = {};  // of [defaults]
    const auto found = reader.scalar(value);
    if (!found) return false;
    if (found->table() || (found->text() && *found->text() == "none")) return read(reader, *found, to);
    if (!found->integer() && !found->from_outside) {
      return reader.expected("a number of requests, a table with `limit`, or \"none\"", *found);
    }
    return number.read(reader, *found, to.limit);
  };
  kind.show = [show = kind.show](const ConcurrencyConfig& from) -> std::optional<Value> {
    if (from.limit == 0 || from.key.kind != KeyConfig::Kind::none) return show(from);
    return Value(static_cast<std::int64_t>(from.limit));
  };
  kind.schema = [schema = kind.schema, number = number.schema] {
    Value either;
    either.set("anyOf", Value::Array{number(), schema()});
    return either;
  };
  return kind;
}

}  // namespace tandem::gateway
