// The right to use one server for one connection or exchange, and the place to report how it went. Counts as in flight
// from the pick until done() or its end. Moves with its owner, on one thread at a time; keeps its Server alive, and
// nothing of the configuration's generation.
#pragma once
#include <memory>
#include <utility>

#include "common/balance/server.h"

namespace tandem::balance {

class Lease {
 public:
  Lease() = default;  // of no server
  // Pays a successful claim() back and, when it was `entered`, the UpstreamState's enter().
  explicit Lease(std::shared_ptr<Server> claimed, bool entered = false)
      : server_(std::move(claimed)), entered_(entered) {}
  Lease(Lease&& other) noexcept
      : server_(std::move(other.server_)),
        entered_(other.entered_),
        turnaround_open_(std::exchange(other.turnaround_open_, false)) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      done();
      server_ = std::move(other.server_);
      entered_ = other.entered_;
      turnaround_open_ = std::exchange(other.turnaround_open_, false);
    }
    return *this;
  }
  ~Lease() { done(); }

  explicit operator bool() const { return server_ != nullptr; }
  Server& server() const { return *server_; }
  const Address& address() const { return server_->address(); }
  const std::string& name() const { return server_->name(); }

  void connected(Duration after, Instant now) { server_->on_connected(after, now); }

  // A connect that failed, or an established connection that was reset. The lease is still to be ended.
  void failed(FailureKind kind, Instant now) { server_->on_failed(kind, now); }

  // The server closed before its first byte. Its fault only if client bytes had been delivered to it, the client had
  // not ended, and the server is not draining; else nothing is counted.
  void closed_before_first_byte(bool client_bytes_delivered, bool client_ended, Instant now) {
    if (!client_bytes_delivered || client_ended || !server_->available()) return;
    server_->on_failed(FailureKind::closed_before_first_byte, now);
  }

  // Client bytes have been sent on and an answer is awaited; turnaround() ends that. Reported at every change of
  // direction, or for a request's head and the answer's. A turnaround() that was not begun counts as well.
  void turnaround_started(Instant now) {
    if (std::exchange(turnaround_open_, true)) return;
    server_->on_turnaround_started(now);
  }
  void turnaround(Duration took, Instant now) {
    if (!std::exchange(turnaround_open_, false)) server_->on_turnaround_started(now);
    server_->on_turnaround(took, now);
  }

  // Ends the lease. Idempotent.
  void done() {
    if (!server_) return;
    if (std::exchange(turnaround_open_, false)) server_->on_turnaround_abandoned();
    if (entered_) server_->shared().leave();  // before release(), which wakes who waits for either
    server_->release();
    server_.reset();
  }

 private:
  std::shared_ptr<Server> server_;
  bool entered_ = false;
  bool turnaround_open_ = false;
};

}  // namespace tandem::balance
