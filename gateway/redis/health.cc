#include "gateway/redis/health.h"

#include "common/base/log.h"

namespace tandem::redis {

Health::Health(const std::string& name)
    : name_(name),
      outages_(Counters::counter("gateway_redis_outages_total", "How often Redis has begun not to answer",
                                 {{"redis", name}})),
      seconds_(Counters::histogram("gateway_redis_seconds", "Time that calls of Redis take", {{"redis", name}})) {}

void Health::went_down(std::string_view why) {
  const std::lock_guard lock(mutex_);
  last_error_ = why;
  if (down_++ > 0) return;
  outages_.add();
  log_warn("redis \"{}\" does not answer: {}; limits do what their if_unavailable says", name_, why);
}

void Health::still_down(std::string_view why) {
  const std::lock_guard lock(mutex_);
  last_error_ = why;
}

void Health::came_up() {
  const std::lock_guard lock(mutex_);
  if (--down_ == 0) log_info("redis \"{}\" answers again", name_);
}

void Health::left_while_down() {
  const std::lock_guard lock(mutex_);
  --down_;
}

bool Health::up() const {
  const std::lock_guard lock(mutex_);
  return down_ == 0;
}

void Health::write_status(JsonWriter& json) const {
  const std::lock_guard lock(mutex_);
  json.member("state", down_ == 0 ? "up" : "down").member("workers_down", down_);
  json.member("outages", outages_.value()).member_or_null("last_error", last_error_);
}

}  // namespace tandem::redis
