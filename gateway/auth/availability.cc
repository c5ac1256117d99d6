#include "gateway/auth/availability.h"

#include <utility>

#include "common/base/log.h"

namespace tandem::gateway {
namespace {

Counter calls(const std::string& provider, const char* result) {
  return Counters::counter("gateway_auth_helper_calls_total", "Calls of those who are asked who may, by how they ended",
                           {{"provider", provider}, {"result", result}});
}

}  // namespace

Availability::Availability(const std::string& provider, HelperState& state, std::string consequence)
    : provider_(provider),
      consequence_(std::move(consequence)),
      state_(state),
      good_(calls(provider, "answered")),
      bad_(calls(provider, "failed")),
      outages_(Counters::counter("gateway_auth_helper_outages_total",
                                 "How often those who are asked who may have become unavailable",
                                 {{"provider", provider}})) {}

void Availability::answered() const {
  good_.add();
  const std::scoped_lock lock(state_.mutex);
  state_.why.clear();
  if (!std::exchange(state_.down, false)) return;
  if (std::exchange(state_.told, false)) log_info("auth \"{}\": its helper answers again", provider_);
}

void Availability::failed(const std::string& why) const {
  bad_.add();
  const std::scoped_lock lock(state_.mutex);
  state_.why = why;
  if (std::exchange(state_.down, true)) return;
  outages_.add();
  if (!state_.pace.due(now())) return;
  state_.told = true;
  log_warn("auth \"{}\": its helper gives no answer that is of use: {}; {}", provider_, why, consequence_);
}

void Availability::write_status(JsonWriter& json) const {
  const std::scoped_lock lock(state_.mutex);
  json.key("error");
  state_.down ? json.value(state_.why) : json.null();
}

}  // namespace tandem::gateway
