// A client's connection that has become a WebSocket: all that remains of its request is this object with its relay, the
// lease of the server and the line for the access log. Nothing of the configuration's generation is kept, so it lives
// on over reloads. Owned by its Connection, on its worker's thread.
#pragma once
#include <forward_list>
#include <memory>

#include "common/balance/lease.h"
#include "common/net/relay.h"
#include "gateway/access_log.h"

namespace tandem::gateway {

class Connection;

class Tunnel final : private net::Relay::Owner {
 public:
  // What its exchange held, such as a place under a limit.
  using Held = std::forward_list<std::shared_ptr<const void>>;

  // `began`: when the request's head was there.
  Tunnel(Connection& connection, balance::Lease lease, net::Relay::Side client, net::Relay::Side server,
         const net::RelayTimeouts& timeouts, const AccessRecord& record, Instant began, Held held);
  ~Tunnel();

  // To be called once. When it fails, nothing has been passed on, the line is written, and this can be destroyed.
  Result<void> start(const net::RelayPreface& preface);

  // Ends it now, with its line. Destroys the connection, and so this.
  void end(net::RelayEnd why);

  static std::uint32_t active();  // in all workers

 private:
  void on_relay_end(net::Relay& relay, net::RelayEnd end) noexcept override;
  void finish(std::string_view reason);

  Connection& connection_;
  balance::Lease lease_;
  const Held held_;
  const Instant began_;
  KeptRecord kept_;
  net::Relay relay_;
};

}  // namespace tandem::gateway
