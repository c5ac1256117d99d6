#include "gateway/filters/rate_limit.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/async/scheduler.h"
#include "common/base/log.h"
#include "gateway/error_answer.h"
#include "gateway/generation.h"
#include "gateway/rate_limit/shared.h"
#include "gateway/worker_context.h"

namespace tandem::gateway {
namespace {

async::Task<Result<Response>> answer(Response response) { co_return response; }

// The tier of who calls, as the limit asks for it; empty: none.
std::string tier_of(const RateLimitConfig& config, const Exchange& exchange) {
  if (!exchange.identity) return {};
  switch (config.tier_by) {
    case RateLimitConfig::TierBy::nothing: break;
    case RateLimitConfig::TierBy::plan: return exchange.identity->plan;
    case RateLimitConfig::TierBy::claim: return exchange.identity->claim(config.tier_claim).value_or("");
  }
  return {};
}

const Allowance& allowance_of(const Limit& limit, const Exchange& exchange) {
  if (limit.config().tier_by == RateLimitConfig::TierBy::nothing) return limit.allowances().front();
  return limit.allowance(tier_of(limit.config(), exchange));
}

void count(const Charge& charge, bool admitted) {
  const LimitCounters& counters = charge.limit->counters();
  if (!charge.known) {
    if (charge.unavailable) counters.unavailable.add();
  } else if (!charge.fits) {
    (charge.report ? counters.reported : counters.limited).add();
  } else if (admitted) {
    counters.allowed.add();
  }
}

// By far the most usual limit asks the clock for nothing but the turn's time.
WallTime wall_for(std::span<const Charge> charges) {
  const bool asked = std::ranges::any_of(charges, [](const Charge& one) { return one.allowance->quota.has_value(); });
  return asked ? wall_now() : WallTime{};
}

// What counts while Redis is out. What was charged of it before has been given back.
bool charge_without_redis(std::span<Charge> all, Instant now, WallTime wall) {
  bool denied = false;
  for (Charge& one : all) {
    if (one.limit->config().redis.empty()) continue;
    const IfUnavailable choice = one.limit->config().if_unavailable;
    one.allowance = &one.limit->share_of(*one.allowance);
    one.known = choice == IfUnavailable::instance;
    one.unavailable = !one.known;
    if (choice != IfUnavailable::deny) continue;
    one.fits = false;
    one.wait = std::chrono::seconds(1);
    denied = denied || !one.report;
  }
  const auto others = std::ranges::partition(all, &Charge::known);
  const std::span<Charge> counted = all.first(all.size() - others.size());
  if (!denied) return charge(counted, now, wall);
  for (Charge& one : counted) one.known = false;
  return false;
}

Response refuse(std::span<const Charge> charges, Exchange& exchange) {
  const Charge* worst = nullptr;
  for (const Charge& one : charges) {
    if (!one.fits && !one.report && (!worst || one.wait > worst->wait)) worst = &one;
  }
  Response response = declined_for(worst->wait, "rate_limited", exchange);
  exchange.report.limit = worst->limit->name();
  exchange.report.detail = "limit " + worst->limit->name();
  return response;
}

}  // namespace

RateLimit::RateLimit(std::vector<Member> members) {
  for (const bool shared : {false, true}) {
    for (Member& member : members) {
      if (member.limit->config().redis.empty() != shared) members_.push_back(member);
    }
    if (!shared) own_ = members_.size();
  }
  if (own_ < members_.size()) redis_ = members_.back().limit->config().redis;
}

RateLimit::Charges RateLimit::charges_for(const Exchange& exchange) const {
  Charges charges;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    charges[i] = {.limit = member.limit.get(),
                  .allowance = &allowance_of(*member.limit, exchange),
                  .key = member.key.of(exchange),
                  .cost = member.cost,
                  .report = member.report};
  }
  return charges;
}

async::Task<Result<Response>> RateLimit::handle(Exchange& exchange, Next next) const {
  Charges charges = charges_for(exchange);
  if (!redis_.empty()) return handle_shared(exchange, next, charges);
  const std::span<Charge> own(charges.data(), own_);
  const bool admitted = charge(own, async::Scheduler::current().now(), wall_for(own));
  return conclude(exchange, next, own, admitted);
}

async::Task<Result<Response>> RateLimit::handle_shared(Exchange& exchange, Next next, Charges charges) const {
  const std::span<Charge> all(charges.data(), members_.size()), own = all.first(own_), shared = all.subspan(own_);
  const WallTime wall = wall_now();
  if (!charge(own, async::Scheduler::current().now(), wall)) {
    for (Charge& one : shared) one.known = false;  // nobody asks
    co_return co_await conclude(exchange, next, all, false);
  }
  const auto verdict = co_await ask(exchange, shared);
  if (!verdict || *verdict != Verdict::admitted) give_back(own, wall);
  if (!verdict) co_return std::unexpected(verdict.error());
  bool admitted = *verdict == Verdict::admitted;
  if (*verdict == Verdict::unknown) {
    admitted = charge_without_redis(all, async::Scheduler::current().now(), wall_now());
  }
  co_return co_await conclude(exchange, next, all, admitted);
}

async::Task<Result<RateLimit::Verdict>> RateLimit::ask(Exchange& exchange, std::span<Charge> shared) const {
  const std::shared_ptr<redis::Client> client = exchange.worker.redis_client(redis_);
  if (!client) co_return Verdict::unknown;
  std::vector<std::string> keys;
  for (std::size_t i = own_; i < members_.size(); ++i) keys.push_back(members_[i].key.text_of(exchange));
  const SharedCall call(shared, keys, client->options().prefix);
  SpanScope span(exchange.spans, SpanKind::limit, redis_, "unavailable");
  const auto reply = co_await client->run(limit_script(), call.keys(), call.arguments());
  if (!reply) {
    if (reply.error().reason != "redis_unavailable") co_return std::unexpected(reply.error());
    if (log_enabled(LogLevel::debug)) log_debug("request {}: redis: {}", exchange.id, reply.error().detail);
    co_return Verdict::unknown;
  }
  const auto admitted = read_outcome(*reply, shared);
  if (!admitted) co_return Verdict::unknown;
  span.end(*admitted ? "allowed" : "limited");
  co_return *admitted ? Verdict::admitted : Verdict::refused;
}

async::Task<Result<Response>> RateLimit::conclude(Exchange& exchange, Next next, std::span<const Charge> charges,
                                                  bool admitted) const {
  for (const Charge& one : charges) {
    count(one, admitted);
    if (one.fits || !one.report) continue;
    exchange.report.limit = one.limit->name();
    if (pace_.due(async::Scheduler::current().now())) {
      log_warn("route \"{}\": request {} would have been refused by limit \"{}\"", exchange.route->name, exchange.id,
               one.limit->name());
    }
  }
  exchange.limits.add(charges);
  return admitted ? next(exchange) : answer(refuse(charges, exchange));
}

}  // namespace tandem::gateway
