#include "lb/passthrough.h"

#include <fmt/format.h>

#include "common/net/client_hello.h"
#include "lb/first_bytes.h"
#include "lb/listener.h"

namespace tandem::lb {
namespace {

std::string described(const net::ClientHello& hello) {
  if (hello.server_name.empty()) return "no match for a client that asks for no name";
  return fmt::format("no match for \"{}\" with the protocols it offers", hello.server_name);
}

Result<Chosen> choose(const SharedListener& listener, net::ClientHello hello) {
  const MatchTable::Found found = listener.matches.find(hello.server_name, hello.protocols);
  const Branch* branch = found.branch ? found.branch : listener.otherwise;
  if (!branch) return fail(Origin::client, "no_match", described(hello));
  // What is spoken is the server's choice; it is told what decided, or what the client wants most.
  std::string_view protocols = hello.protocols;
  std::string protocol(found.protocol.empty() ? net::next_protocol(protocols) : found.protocol);
  return Chosen{branch, {.server_name = std::move(hello.server_name), .protocol = std::move(protocol)}};
}

}  // namespace

async::Task<Result<Chosen>> choose_by_client_hello(Listener& listener, const IpEndpoint& peer, net::Stream& client,
                                                   std::string& received, Instant deadline) {
  const SharedListener& shared = listener.shared();
  net::ClientHelloReader reader;
  while (true) {
    auto hello = reader.read(received);
    if (!hello) {
      if (shared.otherwise) co_return Chosen{shared.otherwise, {}};
      co_return refuse(listener, peer, std::move(hello.error()));
    }
    if (*hello) {
      auto chosen = choose(shared, std::move(**hello));
      if (!chosen) co_return refuse(listener, peer, std::move(chosen.error()));
      co_return chosen;
    }
    auto more = co_await read_more(client, received, deadline, "ClientHello");
    if (!more) co_return std::unexpected(std::move(more.error()));
  }
}

}  // namespace tandem::lb
