#include "lb/arrival.h"

#include <utility>

#include "common/async/scheduler.h"
#include "lb/worker.h"

namespace tandem::lb {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::proxy_header: return "proxy_header";
    case Phase::tls_handshake: return "tls_handshake";
    case Phase::client_hello: return "client_hello";
    case Phase::queue: return "queue";
    case Phase::connect: return "connect";
  }
  return "";
}

Arrival::Arrival(Listener& of, net::Socket client, Connection accepted)
    : listener(of),
      connection(std::move(accepted)),
      socket(std::move(client)),
      branch(of.shared().otherwise),
      phase_began(connection.accepted),
      arrivals_(of.worker().arrivals()),
      place_(arrivals_.all_.size()) {
  arrivals_.all_.push_back(this);
}

Arrival::~Arrival() {
  Arrival* last = arrivals_.all_.back();
  last->place_ = place_;
  arrivals_.all_[place_] = last;
  arrivals_.all_.pop_back();
}

void Arrival::enter(Phase next) {
  phase = next;
  phase_began = async::Scheduler::current().now();
}

void Arrival::learn(ClientFacts told) {
  if (!told.server_name.empty()) facts.server_name = std::move(told.server_name);
  if (!told.protocol.empty()) facts.protocol = std::move(told.protocol);
  if (told.tls) facts.tls = std::move(told.tls);
}

Result<void> Arrival::watch() {
  if (watched) return {};
  watched = std::make_unique<net::Stream>(std::move(socket), true);
  return watched->open();
}

}  // namespace tandem::lb
