// A connection on its way from accept to its Session, and the list of those of a worker. Once its client is watched,
// the stream stays until the relay has taken the socket over: the reactor tells it of events, also while a server is
// being connected to. Owned by set_up()'s coroutine.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/stream.h"
#include "lb/connection.h"
#include "lb/generation.h"
#include "lb/proxy_header.h"

namespace tandem::lb {

class Listener;
struct Arrival;

// What it waits for.
enum class Phase : std::uint8_t { proxy_header, tls_handshake, client_hello, queue, connect };
std::string_view to_string(Phase phase);

// The arrivals of a worker, in no order.
class Arrivals {
 public:
  const std::vector<Arrival*>& all() const { return all_; }

 private:
  friend struct Arrival;
  std::vector<Arrival*> all_;
};

struct Arrival {
  Arrival(Listener& of, net::Socket client, Connection accepted);
  ~Arrival();
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  void enter(Phase next);
  // What the client says himself is the better word than what was announced.
  void learn(ClientFacts told);
  Result<void> watch();
  net::Socket& client() { return watched ? watched->socket() : socket; }

  Listener& listener;
  Connection connection;
  net::Socket socket;                    // the client's, until it is watched
  std::unique_ptr<net::Stream> watched;  // then
  std::string payload;                   // of the client, read already
  std::optional<Address> destination;    // as announced
  ClientFacts facts;
  const Branch* branch;                     // where it goes, if nothing is chosen: where the listener leads by itself
  const balance::Server* server = nullptr;  // that is being connected to
  Phase phase = Phase::connect;
  Instant phase_began;

 private:
  Arrivals& arrivals_;
  std::size_t place_;  // in them
};

}  // namespace tandem::lb
