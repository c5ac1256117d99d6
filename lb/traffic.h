// What one worker counts of the connections of one listener to one server (contract §6), and what of it stands in the
// access log. Owned by the worker's Listener, used on its thread.
#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "common/balance/server.h"
#include "common/base/counters.h"
#include "common/net/relay.h"
#include "lb/generation.h"

namespace tandem::lb {

class Listener;

class Traffic {
 public:
  // Without a server: connections that reached none; without a branch: those that did not get as far as to one.
  Traffic(Listener& listener, const Branch* branch, const balance::Server* server);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  Listener& listener() const { return listener_; }
  const Branch* branch() const { return branch_; }

  void began() const {
    if (active_) active_->fetch_add(1, std::memory_order_relaxed);
  }
  void ended() const {
    if (active_) active_->fetch_sub(1, std::memory_order_relaxed);
  }
  void passed_on(net::Toward toward, std::size_t bytes) const {
    (toward == net::Toward::server ? bytes_in_ : bytes_out_).add(bytes);
  }
  // `result`: a literal token, the access log's `end`.
  void count(std::string_view result);

 private:
  Labels labels() const;

  Listener& listener_;
  const Branch* branch_;
  const balance::Server* server_;
  LiveCount* active_ = nullptr;
  Counter bytes_in_;
  Counter bytes_out_;
  std::vector<std::pair<std::string_view, Counter>> results_;  // those that have come up
};

}  // namespace tandem::lb
