#include "gateway/filters/cache/cache.h"

#include "common/async/scheduler.h"
#include "common/process/memory_guard.h"
#include "gateway/error_answer.h"
#include "gateway/filters/cache/invalidate.h"

namespace tandem::gateway {
namespace {

using cache::Flight;
using State = cache::Flight::State;

constexpr Duration kBodyPatience = std::chrono::seconds(5);  // of those who wait for a body of unknown length

Instant turn() { return async::Scheduler::current().now(); }

// Whether the client takes a stored answer of this freshness without asking (RFC 9111 §5.2.1).
bool is_good_enough(const cache::StoredHead& head, const cache::Directives& asked, Instant now) {
  if (head.policy().always_asks || asked.no_cache) return false;
  if (asked.max_age && head.age(now) > *asked.max_age) return false;
  const std::int64_t left = head.time_to_live(now);
  if (left > 0) return left >= std::int64_t{asked.min_fresh.value_or(0)};
  if (head.policy().never_stale || asked.min_fresh) return false;
  return asked.any_stale || (asked.max_stale && -left <= std::int64_t{*asked.max_stale});
}

bool may_be_refreshed_behind(const cache::StoredHead& head, const cache::Directives& asked, Instant now) {
  return !asked.no_cache && !asked.max_age && !asked.min_fresh && head.usable_while_revalidating(now);
}

// Whether an answer to HEAD tells of another content than what is stored (RFC 9111 §4.3.5).
bool contradicts(const Response& of_head, const cache::Entry& entry) {
  const http::Fields& stored = entry.head->fields();
  const auto differs = [&](http::FieldId field) {
    return of_head.fields.has(field) && of_head.fields.value(field) != stored.value(field);
  };
  return differs(http::FieldId::etag) || differs(http::FieldId::last_modified) ||
         of_head.declared_length.value_or(entry.body->size) != entry.body->size;
}

void take_report(Exchange& exchange, const ExchangeReport& of) {
  exchange.report.upstream = of.upstream;
  exchange.report.server = of.server;
  exchange.report.upstream_time = of.upstream_time;
  exchange.report.attempts = of.attempts;
  exchange.report.reason = of.reason;
  exchange.report.detail = of.detail;
  exchange.report.parts = of.parts;
}

}  // namespace

std::string_view to_text(CacheResult result) {
  switch (result) {
    case CacheResult::hit: return "hit";
    case CacheResult::stale: return "stale";
    case CacheResult::revalidated: return "revalidated";
    case CacheResult::miss: return "miss";
    case CacheResult::collapsed: return "collapsed";
    case CacheResult::bypass: return "bypass";
  }
  return "";
}

std::optional<CacheResult> cache_result(std::string_view text) {
  for (std::size_t i = 0; i < kCacheResults; ++i) {
    if (to_text(static_cast<CacheResult>(i)) == text) return static_cast<CacheResult>(i);
  }
  return std::nullopt;
}

Counter cache_counter(const std::string& cache, CacheResult result) {
  return Counters::counter("gateway_cache_total", "Requests on routes with a cache, by what it had for them",
                           {{"cache", cache}, {"result", std::string(to_text(result))}});
}

// One request on its way to an answer.
struct Cache::Asking {
  Exchange& exchange;
  const Next next;
  const CacheRequest request;
  const cache::Key key;
  std::shared_ptr<const cache::Entry> old;  // stored, but not good enough

  // RFC 9211 §2.2. `flight`: that answers it.
  std::string_view why_forwarded(const Flight* flight = nullptr) const {
    if (!old) return flight && flight->beside_variants() ? "vary-miss" : "uri-miss";
    return old->head->is_fresh(turn()) && !old->head->policy().always_asks ? "request" : "stale";
  }
};

Cache::Cache(std::string route, std::shared_ptr<cache::Store> store, bool per_caller)
    : route_(std::move(route)), store_(std::move(store)), per_caller_(per_caller) {
  for (std::size_t i = 0; i < kCacheResults; ++i) {
    const auto result = static_cast<CacheResult>(i);
    counters_[i] = cache_counter(store_->name(), result);
    of_route_[i] =
        Counters::counter("gateway_route_cache_total", "Requests of the route, by what its cache had for them",
                          {{"route", route_}, {"result", std::string(to_text(result))}});
  }
}

async::Task<Result<Response>> Cache::handle(Exchange& exchange, Next next) const {
  if (is_for_cache(exchange)) return exchange.spans.on() ? traced(exchange, next) : serve(exchange, next);
  note(exchange, CacheResult::bypass);
  return bypass(exchange, next);
}

async::Task<Result<Response>> Cache::traced(Exchange& exchange, Next next) const {
  SpanScope span(exchange.spans, SpanKind::cache, store_->name());
  auto response = co_await serve(exchange, next);
  span.end(exchange.report.cache, response ? std::string_view() : response.error().reason);
  co_return response;
}

void Cache::note(Exchange& exchange, CacheResult result) const {
  counters_[static_cast<std::size_t>(result)].add();
  of_route_[static_cast<std::size_t>(result)].add();
  exchange.report.cache = to_text(result);
}

Response Cache::stored(Asking& asking, std::shared_ptr<const cache::Entry> entry, CacheResult result,
                       CacheStatus status) const {
  note(asking.exchange, result);
  const Instant now = turn();
  status.ttl(entry->head->time_to_live(now));
  return stored_answer(asking.exchange, std::move(entry), now, std::move(status));
}

async::Task<Result<Response>> Cache::serve(Exchange& exchange, Next next) const {
  Asking asking{exchange, next, CacheRequest(exchange), cache_key(exchange, route_, per_caller_), nullptr};
  const Instant now = turn();
  const cache::Directives& asked = asking.request.directives;
  if (auto entry = store_->find(asking.key, exchange.request.fields)) {
    const cache::StoredHead& head = *entry->head;
    if (is_good_enough(head, asked, now)) {
      const CacheResult result = head.is_fresh(now) ? CacheResult::hit : CacheResult::stale;
      co_return stored(asking, std::move(entry), result, status().hit());
    }
    asking.old = std::move(entry);
    if (may_be_refreshed_behind(head, asked, now)) {
      refresh(asking);
      co_return stored(asking, asking.old, CacheResult::stale, status().hit());
    }
  }
  if (asked.only_if_cached) {
    note(exchange, CacheResult::miss);
    Response response = error_answer(
        Error{Origin::upstream, "not_cached", false, "only-if-cached, and nothing that is good enough is stored"},
        exchange);
    response.status = 504;
    response.add("Cache-Status", status().detail("only-if-cached").take());
    co_return response;
  }
  if (!asking.old && (asking.request.head || asking.request.range)) {
    co_return co_await pass(exchange, next, asking.key, asking.request.range ? "partial" : "method");
  }
  if (asked.no_store) co_return co_await pass(exchange, next, asking.key, "request");
  if (!asking.old && store_->passes(asking.key, now)) co_return co_await pass(exchange, next, asking.key, "uri-miss");
  if (process::memory_is_short()) co_return co_await pass(exchange, next, asking.key, "bypass");
  co_return co_await fetch(asking);
}

async::Task<Result<Response>> Cache::bypass(Exchange& exchange, Next next) const {
  const bool safe = is_safe(exchange.request.method);
  auto response = co_await (safe ? next(exchange) : invalidating(exchange, next, {&store_, 1}));
  if (response && response->status != 101) {
    const bool method = exchange.request.method != http::Method::get;
    response->add("Cache-Status", status().forwarded(method ? "method" : "bypass").take());
  }
  co_return response;
}

// Straight to the service, with the request as it is. Nothing is stored; what could have been is asked for in a flight
// the next time.
async::Task<Result<Response>> Cache::pass(Exchange& exchange, Next next, const cache::Key& key,
                                          std::string_view why) const {
  note(exchange, CacheResult::miss);
  const CacheRequest request(exchange);
  auto response = co_await next(exchange);
  if (!response) co_return response;
  response->add("Cache-Status", status().forwarded(why).service_said(response->status).take());
  if (request.head && response->status == 200) {
    const auto entry = store_->find(key, exchange.request.fields);
    if (entry && contradicts(*response, *entry)) store_->erase(key, entry.get());
  }
  const bool whole = !request.head && !request.range && response->refusal.empty();
  if (!whole || !store_->passes(key, turn())) co_return response;
  const auto& fields = response->fields;
  const auto policy = cache::judge(request.asked, {response->status, fields, wall_now(), {}}, store_->stale());
  const bool fits =
      response->framing.kind != http::BodyFraming::Kind::length || response->framing.length <= store_->max_object();
  if (policy && policy->lifetime > 0 && fits && cache::selection_of(fields, exchange.request.fields)) {
    store_->unmark(key);
  }
  co_return response;
}

void Cache::refresh(Asking& asking) const {
  if (process::memory_is_short()) return;
  auto joined = store_->join(asking.key, asking.exchange.request.fields, asking.old.get());
  if (!joined.leads) return;
  Fetch::launch(std::make_shared<Fetch>(
      asking.exchange, asking.next, Fetch::Order{store_, std::move(joined.flight), asking.old, asking.request.asked}));
}

async::Task<Result<Response>> Cache::fetch(Asking& asking) const {
  constexpr int kMostRounds = 8;  // of waiting for what then fits others only
  for (int round = 0; round < kMostRounds; ++round) {
    auto joined = store_->join(asking.key, asking.exchange.request.fields, asking.old.get());
    if (joined.entry) {
      if (is_good_enough(*joined.entry->head, {}, turn())) {
        co_return stored(asking, std::move(joined.entry), CacheResult::hit, status().hit());
      }
      asking.old = std::move(joined.entry);
      continue;
    }
    if (joined.leads) co_return co_await lead(asking, std::move(joined.flight));
    auto answer = co_await follow(asking, joined.flight);
    if (answer) co_return *std::move(answer);
    if (joined.flight->fits(asking.exchange.request.fields)) break;  // it is not for two
  }
  if (store_->passes(asking.key, turn())) {
    co_return co_await pass(asking.exchange, asking.next, asking.key, asking.why_forwarded());
  }
  if (auto entry = store_->find(asking.key, asking.exchange.request.fields)) asking.old = std::move(entry);
  co_return co_await lead(asking, store_->alone(asking.key));
}

async::Task<Result<Response>> Cache::lead(Asking& asking, std::shared_ptr<Flight> flight) const {
  Exchange& exchange = asking.exchange;
  const std::string_view why = asking.why_forwarded(flight.get());
  auto fetch =
      std::make_shared<Fetch>(exchange, asking.next, Fetch::Order{store_, flight, asking.old, asking.request.asked});
  exchange.held.push_front(fetch);
  Flight::Watch watch(flight);
  Fetch::launch(fetch);
  // A part, or a 304, is taken out of the whole.
  const bool needs_whole = asking.request.conditional || asking.request.range;
  while (true) {
    watch.arm();
    auto look = flight->look();
    const bool undecided =
        look.state == State::asking || (look.state == State::streaming && needs_whole && look.length);
    if (undecided) {
      if (auto changed = co_await watch.changed(); !changed) co_return std::unexpected(std::move(changed.error()));
      continue;
    }
    take_report(exchange, fetch->report());
    exchange.spans.take(fetch->spans());
    CacheStatus told = status().forwarded(why);
    if (look.state == State::failed) {
      note(exchange, CacheResult::miss);
      co_return std::unexpected(std::move(look.error));
    }
    if (look.state == State::released) {
      note(exchange, CacheResult::miss);
      Response response = fetch->take_response();
      response.add("Cache-Status", told.service_said(response.status).detail(fetch->why_not()).take());
      co_return response;
    }
    if (look.state == State::stored) {
      if (look.outcome == Flight::Outcome::validated) {
        co_return stored(asking, std::move(look.entry), CacheResult::revalidated, told.service_said(304).stored());
      }
      if (look.outcome == Flight::Outcome::stale) {
        exchange.report.reason = {};
        co_return stored(asking, std::move(look.entry), CacheResult::stale, told.detail("stale-if-error"));
      }
      co_return stored(asking, std::move(look.entry), CacheResult::miss, told.stored());
    }
    note(exchange, CacheResult::miss);
    told.ttl(look.head->time_to_live(turn())).stored();
    co_return coming_answer(std::move(flight), look, std::move(fetch), std::move(told));
  }
}

async::Task<std::optional<Result<Response>>> Cache::follow(Asking& asking, std::shared_ptr<Flight> flight) const {
  Flight::Watch watch(flight);
  const bool needs_whole = asking.request.conditional || asking.request.range;
  const std::string_view why = asking.why_forwarded(flight.get());
  Instant patience = kNoDeadline;
  while (true) {
    watch.arm();
    auto look = flight->look();
    const bool has_head = look.state == State::streaming || look.state == State::stored;
    if (has_head && !(look.for_others && flight->fits(asking.exchange.request.fields))) co_return std::nullopt;
    if (look.state == State::stored) {
      const bool stale = look.outcome == Flight::Outcome::stale;
      CacheStatus told = status().forwarded(why).collapsed();
      co_return stored(asking, std::move(look.entry), stale ? CacheResult::stale : CacheResult::collapsed,
                       std::move(told));
    }
    if (look.state == State::streaming && look.length && !needs_whole) {
      note(asking.exchange, CacheResult::collapsed);
      CacheStatus told = status().forwarded(why).ttl(look.head->time_to_live(turn())).collapsed();
      co_return coming_answer(std::move(flight), look, nullptr, std::move(told));
    }
    if (look.state == State::failed) {
      note(asking.exchange, CacheResult::collapsed);
      co_return std::unexpected(std::move(look.error));
    }
    if (look.state == State::released || look.state == State::cut) co_return std::nullopt;
    if (has_head && patience == kNoDeadline) patience = deadline_after(turn(), kBodyPatience);
    if (auto changed = co_await watch.changed(patience); !changed) {
      if (changed.error().reason == "timeout" && patience != kNoDeadline) co_return std::nullopt;
      co_return std::unexpected(std::move(changed.error()));
    }
  }
}

}  // namespace tandem::gateway
