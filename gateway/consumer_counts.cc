#include "gateway/consumer_counts.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tandem::gateway {

void ConsumerCount::add(int status, Instant at) {
  ++requests;
  if (status == 429) {
    ++too_many;
  } else if (status >= 400 && status < 500) {
    ++client_errors;
  } else if (status >= 500) {
    ++errors;
  }
  last = std::max(last, at);
}

void ConsumerCount::add(const ConsumerCount& other) {
  requests += other.requests;
  client_errors += other.client_errors;
  too_many += other.too_many;
  errors += other.errors;
  last = std::max(last, other.last);
}

void ConsumerCounts::count(std::string_view provider, std::string_view consumer, int status, Instant at) {
  if (at - now_.since >= kSpan) {
    before_ = at - now_.since >= 2 * kSpan ? Span{} : std::move(now_);
    now_ = {};
    now_.since = at;
  }
  const auto known = now_.table.find(Names(provider, consumer));
  if (known != now_.table.end()) return known->second.add(status, at);
  if (now_.table.size() == kMost) return now_.others.add(status, at);
  now_.table[{std::string(provider), std::string(consumer)}].add(status, at);
}

void ConsumerCounts::tell(Told& to, Instant at) const {
  for (const Span* span : {&now_, &before_}) {
    if (span->since == Instant{} || at - span->since >= 3 * kSpan) continue;
    for (const auto& [key, count] : span->table) to.table[key].add(count);
    to.others.add(span->others);
    to.since = std::min(to.since, span->since);
  }
}

void ConsumerCounts::Told::write(JsonWriter& json, Instant at, std::size_t most) const {
  std::vector<const Table::value_type*> all;
  for (const auto& one : table) all.push_back(&one);
  std::ranges::sort(all, std::ranges::greater(), [](const auto* one) { return one->second.requests; });
  std::uint64_t untold = others.requests;
  for (std::size_t i = most; i < all.size(); ++i) untold += all[i]->second.requests;
  all.resize(std::min(all.size(), most));
  const double window = since == kNoDeadline ? 0 : std::max(to_seconds(at - since), 1.0);
  const auto rate = [window](std::uint64_t count) { return static_cast<double>(count) / window; };
  json.begin_object().member("window_s", window).key("consumers").begin_array();
  for (const auto* one : all) {
    const ConsumerCount& count = one->second;
    json.begin_object().member("name", one->first.second).member("provider", one->first.first);
    json.member("rate", rate(count.requests)).member("client_errors", rate(count.client_errors));
    json.member("too_many", rate(count.too_many)).member("errors", rate(count.errors));
    json.member("requests", count.requests);
    json.key("last_ms").milliseconds(std::max(at - count.last, Duration::zero()));
    json.end_object();
  }
  json.end_array().member("others", untold).end_object();
}

}  // namespace tandem::gateway
