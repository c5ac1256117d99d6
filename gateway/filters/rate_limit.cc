#include "gateway/filters/rate_limit.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/async/scheduler.h"
#include "common/base/log.h"
#include "gateway/error_answer.h"
#include "gateway/generation.h"

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
  if (!charge.fits) {
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

async::Task<Result<Response>> RateLimit::handle(Exchange& exchange, Next next) const {
  std::array<Charge, kMostLimits> storage;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    storage[i] = {.limit = member.limit.get(),
                  .allowance = &allowance_of(*member.limit, exchange),
                  .key = member.key.of(exchange),
                  .cost = member.cost,
                  .report = member.report};
  }
  const std::span<Charge> charges(storage.data(), members_.size());
  const Instant now = async::Scheduler::current().now();
  const bool admitted = charge(charges, now, wall_for(charges));
  for (const Charge& one : charges) {
    count(one, admitted);
    if (one.fits || !one.report) continue;
    exchange.report.limit = one.limit->name();
    if (pace_.due(now)) {
      log_warn("route \"{}\": request {} would have been refused by limit \"{}\"", exchange.route->name, exchange.id,
               one.limit->name());
    }
  }
  exchange.limits.add(charges);
  return admitted ? next(exchange) : answer(refuse(charges, exchange));
}

}  // namespace tandem::gateway
