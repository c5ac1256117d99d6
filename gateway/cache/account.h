// How many bytes a cache holds: every head, key and block of a body has its charge, given back when the last who uses
// it lets go. So what is evicted while it is still being sent counts until it is gone. Any thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace tandem::cache {

class Account {
 public:
  explicit Account(std::uint64_t limit) : limit_(limit) {}

  // False, with nothing taken, when it would be more than the limit.
  bool try_take(std::uint64_t bytes) {
    std::uint64_t held = held_.load(std::memory_order_relaxed);
    do {
      if (held + bytes > limit_.load(std::memory_order_relaxed)) return false;
    } while (!held_.compare_exchange_weak(held, held + bytes, std::memory_order_relaxed));
    return true;
  }
  void give_back(std::uint64_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  void set_limit(std::uint64_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }
  std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }
  std::uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> held_{0};
  std::atomic<std::uint64_t> limit_;
};

// Bytes that have been taken from an account, until this goes.
class Charge {
 public:
  Charge() = default;
  Charge(std::shared_ptr<Account> account, std::uint64_t bytes) : account_(std::move(account)), bytes_(bytes) {}
  Charge(Charge&& other) noexcept : account_(std::move(other.account_)), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Charge() {
    if (account_) account_->give_back(bytes_);
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<Account> account_;
  std::uint64_t bytes_ = 0;
};

}  // namespace tandem::cache
