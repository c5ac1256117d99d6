#include "common/limit/source_limit.h"

namespace tandem::limit {

void Sources::keep_rates() {
  if (!rates_) rates_ = std::make_unique<RateTable>();
}

Sources::Verdict Sources::try_enter(const IpAddress& address, const SourceLimits& limits, Instant now) {
  const Key key = source(address);
  if (!open_.try_enter(key, limits.connections)) return Verdict::too_many_connections;
  if (!limits.rate || rates_->take(key, Gcra(*limits.rate), now)) return Verdict::admitted;
  open_.leave(key);
  return Verdict::rate_limited;
}

void Sources::leave(const IpAddress& address) { open_.leave(source(address)); }

std::shared_ptr<Sources> SourcesByListener::of(const std::string& listener, const SourceLimits& limits) {
  std::erase_if(sources_, [](const auto& entry) { return entry.second.expired(); });
  auto known = sources_[listener].lock();
  if (!known) sources_[listener] = known = std::make_shared<Sources>();
  if (limits.rate) known->keep_rates();
  return known;
}

}  // namespace tandem::limit
