// One listener as one worker sees it: its socket within the limits, its connections, and what they ask of its
// configuration. Owned by the worker, used on its thread; after a reload has taken it away it stays until its last
// connection has ended.
#pragma once
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "common/base/counters.h"
#include "common/base/warning_pace.h"
#include "common/process/limited_listener.h"
#include "gateway/config.h"
#include "gateway/generation.h"
#include "gateway/server/connection.h"

namespace tandem::gateway {

class Worker;

struct ListenerState final : private process::LimitedListener::Owner {
  ListenerState(Worker& worker, const ListenerConfig& config, net::Sockets bound, process::ConnectionLimits& limits,
                SharedListener shared);

  const ListenerConfig& config() const { return *config_; }
  bool sends_proxy_header(const Address& peer) const;  // the peer is listed: it must send one
  void count_proxy_refusal(const Error& error, const IpEndpoint& peer);

  // TLS as it is configured now, to be held through a handshake; null: plain.
  std::shared_ptr<const net::TlsServerContext> tls_context() const {
    return config_->tls ? config_->tls->context : nullptr;
  }
  void count_handshake(std::string_view result) const;  // "new", "resumed"
  void count_handshake(const Error& error, const IpEndpoint& peer);

  bool may_ask_health(const IpAddress& peer) const;

  bool allows(const IpAddress& client) const { return access_->allows(client); }
  // Whether its client may come, and counts for per_source from then on; nothing: refused, which is counted and said.
  // Whoever speaks for others (trusted_proxies) or asks for health is not one client: there the request decides.
  // `proxied`: a PROXY header named the client.
  struct Admitted {
    bool counted = false;  // a left() is to follow
  };
  std::optional<Admitted> admit(const IpEndpoint& client, bool proxied);
  void left(const IpEndpoint& client) { sources->leave(client.ip); }

  // A reload changed something of it. References to the former config() end.
  void set_config(const ListenerConfig& changed, std::shared_ptr<const AccessList> access) {
    config_ = std::make_unique<ListenerConfig>(changed);
    access_ = std::move(access);
  }

  bool has_ended() const { return retired && connections.empty() && idle.empty(); }

  const std::uint16_t port;
  const std::string via;  // our pseudonym in Via: readable, and this process's own
  bool retired = false;   // a reload has taken it away: its connections end with their next answer
  const std::shared_ptr<limit::Sources> sources;  // outlives the connections, which leave it
  process::LimitedListener socket;
  std::list<std::unique_ptr<Connection>> connections;  // those that serve a request
  std::list<std::unique_ptr<Connection>> idle;         // those that wait for the next one, the longest first

 private:
  void on_accept(net::Socket client, const Address& peer) noexcept override;
  Counter refused(const char* reason) const;
  bool make_room(const process::ConnectionLimit& full) noexcept override;

  Worker& worker_;
  std::unique_ptr<const ListenerConfig> config_;  // of its own: generations come and go
  std::shared_ptr<const AccessList> access_;
  WarningPace refusals_, proxy_refusals_, failed_handshakes_;
  Counter accepted_;
  Counter refused_proxy_;
};

}  // namespace tandem::gateway
