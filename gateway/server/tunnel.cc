#include "gateway/server/tunnel.h"

#include <atomic>

#include "common/async/scheduler.h"
#include "gateway/server/connection.h"
#include "gateway/worker.h"

namespace tandem::gateway {
namespace {

std::atomic<std::uint32_t> active_tunnels{0};

// The reason in the log; empty when either side has ended it in order.
std::string_view reason_of(net::RelayEnd end) {
  switch (end) {
    case net::RelayEnd::client:
    case net::RelayEnd::server: return "";
    case net::RelayEnd::reset_by_client: return "client_closed";
    case net::RelayEnd::reset_by_server: return "upstream_reset";
    case net::RelayEnd::drain: return "shutting_down";
    default: return net::to_string(end);
  }
}

}  // namespace

Tunnel::Tunnel(Connection& connection, balance::Lease lease, net::Relay::Side client, net::Relay::Side server,
               const net::RelayTimeouts& timeouts, const AccessRecord& record, Instant began, Held held)
    : connection_(connection),
      lease_(std::move(lease)),
      held_(std::move(held)),
      began_(began),
      kept_(record),
      relay_(std::move(client), std::move(server), timeouts, *this) {
  active_tunnels.fetch_add(1, std::memory_order_relaxed);
}

Tunnel::~Tunnel() { active_tunnels.fetch_sub(1, std::memory_order_relaxed); }

std::uint32_t Tunnel::active() { return active_tunnels.load(std::memory_order_relaxed); }

Result<void> Tunnel::start(const net::RelayPreface& preface) {
  auto started = relay_.start(preface);
  if (!started) finish("overloaded");
  return started;
}

void Tunnel::end(net::RelayEnd why) {
  relay_.close(why);  // one that has ended already keeps its reason
  on_relay_end(relay_, relay_.end());
}

void Tunnel::on_relay_end(net::Relay&, net::RelayEnd end) noexcept {
  finish(reason_of(end));
  connection_.tunnel_ended();
}

void Tunnel::finish(std::string_view reason) {
  WorkerContext& worker = connection_.worker().context();
  Counters::counter("gateway_tunnels_total", "Connections that became a WebSocket and have ended, by reason",
                    {{"upstream", std::string(kept_.record.upstream)}, {"reason", std::string(reason)}})
      .add();
  bytes_counter(std::string(kept_.record.route), "in").add(relay_.bytes_to_server());
  bytes_counter(std::string(kept_.record.route), "out").add(relay_.bytes_to_client());
  if (worker.access_log.is_off()) return;
  AccessRecord& record = kept_.record;
  record.time = wall_now();
  record.reason = reason;
  record.duration = async::Scheduler::current().now() - began_;
  record.bytes_in = relay_.bytes_to_server();
  record.bytes_out = relay_.bytes_to_client();
  worker.access_log.write(record);
}

}  // namespace tandem::gateway
