// How many requests of a route may be under way at a time: all together, or those of each key. Kept by the route's name
// over reloads; any thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace tandem::gateway {

class Places : public std::enable_shared_from_this<Places> {
 public:
  // Taken until it is let go; it may outlive the configuration. Null: all `limit` are taken.
  using Place = std::shared_ptr<const void>;

  Place take(std::uint32_t limit);
  Place take(std::uint32_t limit, std::string key);

  std::uint32_t taken() const { return taken_.load(std::memory_order_relaxed); }  // of all keys

 private:
  void leave();
  void leave(const std::string& key);

  std::atomic<std::uint32_t> taken_{0};
  std::mutex mutex_;
  // By key, those that have a place; ordered, so that keys which a client chose cannot be made to collide.
  std::map<std::string, std::uint32_t, std::less<>> by_key_;
};

}  // namespace tandem::gateway
