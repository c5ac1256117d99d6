// Whether a Redis server answers, as all workers see it: told to the log and counted once for each change, whatever
// the number of workers. Lasts over reloads by the server's name. Any thread.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "common/base/counters.h"
#include "common/base/json_writer.h"

namespace tandem::redis {

class Health {
 public:
  explicit Health(const std::string& name);
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // What one worker sees. It counts as up until it says otherwise, and takes that back before it goes.
  void went_down(std::string_view why);
  void still_down(std::string_view why);  // for people: the present reason
  void came_up();
  void left_while_down();

  bool up() const;
  void write_status(JsonWriter& json) const;  // members
  void took(Duration time) const { seconds_.observe(time); }

 private:
  const std::string name_;
  const Counter outages_;
  const Histogram seconds_;
  mutable std::mutex mutex_;
  std::uint32_t down_ = 0;  // workers
  std::string last_error_;
};

}  // namespace tandem::redis
