// Whether the helper of a provider is of use, said once each time that changes: in the log, and counted. What is known
// lasts over reloads, by the provider's name. Any thread.
#pragma once
#include <mutex>
#include <string>

#include "common/base/counters.h"
#include "common/base/json_writer.h"
#include "common/base/warning_pace.h"

namespace tandem::gateway {

// Of a provider, whatever its configuration is now.
struct HelperState {
  std::mutex mutex;
  bool down = false;
  bool told = false;  // the log has said so
  std::string why;
  WarningPace pace;
};

class Availability {
 public:
  // `state` outlives it. `consequence`: what callers get meanwhile, for the log.
  Availability(const std::string& provider, HelperState& state, std::string consequence);

  void answered() const;
  void failed(const std::string& why) const;
  void write_status(JsonWriter& json) const;  // a member

 private:
  const std::string provider_, consequence_;
  HelperState& state_;
  const Counter good_, bad_, outages_;
};

}  // namespace tandem::gateway
