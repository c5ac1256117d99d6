// One try at one server: the lease, the connection, and how long the answer's head may take. Shared by the handler, the
// upload beside it and the answer's body, on one worker's thread.
#pragma once
#include <memory>

#include "common/async/cancel.h"
#include "common/balance/lease.h"
#include "common/http/client_connection.h"
#include "gateway/handlers/response.h"
#include "gateway/trace/span.h"

namespace tandem::gateway {

inline constexpr Duration kServerWriteIdle = std::chrono::seconds(60);  // a write to a server without progress

struct WorkerContext;

struct UpstreamAttempt {
  // `tasks`: the scope of the exchange's tasks.
  UpstreamAttempt(async::CancelScope& tasks, Instant until) : wait(tasks), deadline(until) {}

  // Tells the balancer how the server failed.
  void give_up(const Error& error);

  balance::Lease lease;
  std::unique_ptr<http::ClientConnection> connection;
  std::string announcement;       // of the client, on a connection of its own: a PROXY header, or empty
  bool reused = false;            // the connection was kept from an earlier request
  bool answered = false;          // the head of the answer has come, or will not
  bool heard = false;             // something came before that head: an interim one
  bool upgrade = false;           // the connection is asked to become a WebSocket: never kept for another request
  std::uint64_t sent_before = 0;  // bytes that earlier requests sent over the connection
  Instant asked{};
  Span* span = nullptr;     // of the exchange; null: it is not traced
  async::CancelScope wait;  // in which the head of the answer is awaited, and the upload runs
  Instant deadline;         // for that head; moves on while the client's body is awaited
};

// The answer's body. When it has ended and the framing leaves no doubt, its connection goes back to the pool; else the
// connection is closed with it.
class UpstreamBody final : public BodySource {
 public:
  // `idle`: how long a read may wait without progress.
  UpstreamBody(std::shared_ptr<UpstreamAttempt> attempt, WorkerContext& worker, Duration idle);
  ~UpstreamBody() override;
  async::Task<Result<std::string_view>> read() override;
  std::optional<Result<std::string_view>> try_read() override;
  bool done() const override;
  bool can_splice() const override;
  std::optional<Result<std::size_t>> try_splice(net::Pipe& pipe) override;
  async::Task<Result<void>> readable() override;

 private:
  std::shared_ptr<UpstreamAttempt> attempt_;
  WorkerContext& worker_;
  const Duration idle_;
};

}  // namespace tandem::gateway
