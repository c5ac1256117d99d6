#include "common/net/tls_context.h"

#include <doctest/doctest.h>

#include "common/async/task_group.h"
#include "common/net/tls_handshake.h"
#include "tests/common/net/tls_pairs.h"

using namespace tandem;
using namespace tandem::net;
using namespace tandem::net::test;
using namespace std::chrono_literals;

namespace {

struct Outcome {
  Result<void> result;
  TlsFacts facts;
};

// Our side of a handshake on a worker of its own, the test's blocking side in `other`.
template <class Shake, class Other>
Outcome shake(Shake ours, Other other) {
  Pair pair = tcp_pair();
  Outcome outcome;
  Worker worker;
  std::unique_ptr<async::TaskGroup> group;
  std::promise<void> done;
  const auto run = [](Socket socket, Shake& ours, Outcome& outcome, std::promise<void>& done) -> async::Task<void> {
    Stream stream(std::move(socket));
    (void)stream.open();
    outcome.result = co_await ours(stream);
    if (outcome.result) {
      char byte = 0;
      (void)co_await stream.read_some({&byte, 1}, now() + 20s);  // session tickets come with the first read
      outcome.facts = stream.socket().tls()->facts();
      (void)co_await stream.write_all(std::span<const char>("k", 1));
    }
    stream.close();
    done.set_value();
  };
  worker.run([&] {
    group = std::make_unique<async::TaskGroup>();
    group->spawn(run(Socket(pair.inner), ours, outcome, done));
  });
  other(std::move(pair.outer));
  done.get_future().get();
  worker.run([&] {
    while (group->size() > 0) async::Scheduler::current().drain();
    group.reset();
  });
  return outcome;
}

auto accepting(std::shared_ptr<const TlsServerContext> context) {
  return [context](Stream& stream) { return accept_tls(stream, *context, {}, now() + 20s); };
}
auto connecting(std::shared_ptr<const TlsClientContext> context, std::string server = "127.0.0.1:443") {
  return [context, server](Stream& stream) {
    return connect_tls(stream, *context, *Address::parse(server), {}, now() + 20s);
  };
}

// A client that says one byte and waits for one.
void visits(TlsPeer& client) {
  if (!client.handshake()) return;
  client.send("x");
  client.read(1);
  client.say_end();
}

void serves(Peer peer, const Issued& identity) {
  TlsPeer server(std::move(peer), &identity);
  if (!server.handshake()) return;
  server.send("x");
  server.read(1);
}

std::shared_ptr<const TlsServerContext> made(TlsServerOptions options) {
  auto context = TlsServerContext::make(options);
  REQUIRE(context);
  return *context;
}
std::shared_ptr<const TlsClientContext> made(TlsClientOptions options) {
  auto context = TlsClientContext::make(options);
  REQUIRE(context);
  return *context;
}

}  // namespace

TEST_CASE("tls context: the certificate follows SNI: exact, then wildcard, else the first") {
  const Issued first = issue("first", "DNS:first.example");
  const Issued wild = issue("wild", "DNS:*.example.com");
  const Issued exact = issue("exact", "DNS:api.example.com,DNS:Upper.Example.com");
  const auto context = made(TlsServerOptions{
      .name = "x", .identities = {first.identity(), wild.identity(), exact.identity()}, .client_ca = {}, .alpn = {}});
  const auto served_to = [&](const char* name) {
    std::string as;
    const Outcome outcome = shake(accepting(context), [&](Peer peer) {
      TlsPeer client(std::move(peer));
      if (name) client.ask_for(name);
      visits(client);
      as = client.served_as();
    });
    CHECK(outcome.result);
    return as;
  };
  CHECK(served_to("api.example.com") == "exact");
  CHECK(served_to("API.example.com") == "exact");
  CHECK(served_to("upper.example.com") == "exact");
  CHECK(served_to("other.example.com") == "wild");
  CHECK(served_to("a.b.example.com") == "first");
  CHECK(served_to("example.com") == "first");
  CHECK(served_to("unknown") == "first");
  CHECK(served_to(nullptr) == "first");
}

TEST_CASE("tls context: one name may have a certificate for each kind of key") {
  const Issued ec = issue("ec", "DNS:a.example");
  const Issued rsa = issue("rsa", "DNS:a.example", nullptr, true);
  const auto context =
      made(TlsServerOptions{.name = "x", .identities = {ec.identity(), rsa.identity()}, .client_ca = {}, .alpn = {}});
  for (const auto& [ciphers, expected] :
       {std::pair{"ECDHE-RSA-AES128-GCM-SHA256", "rsa"}, std::pair{"ECDHE-ECDSA-AES128-GCM-SHA256", "ec"}}) {
    const Outcome outcome = shake(accepting(context), [&](Peer peer) {
      TlsPeer client(std::move(peer));
      SSL_set_max_proto_version(client.ssl(), TLS1_2_VERSION);
      SSL_set_cipher_list(client.ssl(), ciphers);
      visits(client);
      CHECK(client.served_as() == expected);
    });
    CHECK(outcome.facts.version == "TLSv1.2");
    CHECK(outcome.facts.cipher == ciphers);
  }
}

TEST_CASE("tls context: ALPN is agreed upon, and refused where nothing is in common") {
  const Issued issued = issue("a", "DNS:a");
  const auto context = made(TlsServerOptions{
      .name = "x", .identities = {issued.identity()}, .client_ca = {}, .alpn = {"http/1.1", "http/1.0"}});
  const auto offered = [&](const std::string& wire) {
    return shake(accepting(context), [&](Peer peer) {
      TlsPeer client(std::move(peer));
      SSL_set_alpn_protos(client.ssl(), reinterpret_cast<const unsigned char*>(wire.data()),
                          static_cast<unsigned>(wire.size()));
      visits(client);
    });
  };
  CHECK(offered("\x02h2\x08http/1.1").facts.alpn == "http/1.1");
  CHECK(offered("\x08http/1.0").facts.alpn == "http/1.0");
  CHECK(!offered("\x02h2").result);
  CHECK(offered("").facts.alpn.empty());
}

TEST_CASE("tls context: clients must show a certificate of client_ca, and its facts are known") {
  const Issued ca = issue("ca", "");
  const Issued other_ca = issue("other ca", "");
  const Issued server = issue("server", "DNS:server");
  const Issued alice = issue("alice", "DNS:Alice.example,URI:spiffe://example/alice,email:alice@example.com", &ca);
  const Issued mallory = issue("mallory", "DNS:mallory.example", &other_ca);
  const Issued late = issue("late", "DNS:late.example", &ca, false, -7200, -3600);
  const auto context =
      made(TlsServerOptions{.name = "x", .identities = {server.identity()}, .client_ca = ca.as_ca(), .alpn = {}});
  const auto shown = [&](const Issued* identity) {
    return shake(accepting(context), [&](Peer peer) {
      TlsPeer client(std::move(peer));
      if (identity) client.present(*identity);
      visits(client);
    });
  };
  const Outcome good = shown(&alice);
  REQUIRE(good.result);
  CHECK(good.facts.has_peer_certificate);
  CHECK(good.facts.peer.subject == "CN=alice");
  CHECK(good.facts.peer.common_name == "alice");
  CHECK(good.facts.peer.issuer == "CN=ca");
  CHECK(good.facts.peer.dns_names == std::vector<std::string>{"alice.example"});
  CHECK(good.facts.peer.uris == std::vector<std::string>{"spiffe://example/alice"});
  CHECK(good.facts.peer.emails == std::vector<std::string>{"alice@example.com"});
  CHECK(good.facts.peer.fingerprint.size() == 64);
  CHECK(good.facts.peer.valid_until > wall_now());
  CHECK(good.facts.peer.valid_until < wall_now() + std::chrono::hours(24 * 366));
  const auto why = [](const Outcome& outcome) { return outcome.result ? "accepted" : outcome.result.error().detail; };
  CHECK(why(shown(nullptr)).find("did not return a certificate") != std::string::npos);
  CHECK(why(shown(&mallory)).find("certificate verify failed") != std::string::npos);
  CHECK(why(shown(&late)).find("expired") != std::string::npos);
}

TEST_CASE("tls context: where a certificate is optional its absence is let in, and a bad one is not") {
  const Issued ca = issue("ca", "");
  const Issued other_ca = issue("other ca", "");
  const Issued server = issue("server", "DNS:server");
  const Issued alice = issue("alice", "DNS:alice", &ca);
  const Issued mallory = issue("mallory", "DNS:mallory", &other_ca);
  TlsServerOptions options{.name = "x", .identities = {server.identity()}, .client_ca = ca.as_ca(), .alpn = {}};
  const auto required = made(options);
  options.client_may_be_unknown = true;
  const auto optional = made(options);
  SSL_SESSION* session = nullptr;
  const auto visit = [&](const auto& context, const Issued* identity, SSL_SESSION* resume) {
    return shake(accepting(context), [&](Peer peer) {
      TlsPeer client(std::move(peer));
      if (identity) client.present(*identity);
      if (resume) SSL_set_session(client.ssl(), resume);
      visits(client);
      if (!session) session = SSL_get1_session(client.ssl());
    });
  };
  const Outcome nobody = visit(optional, nullptr, nullptr);
  REQUIRE(nobody.result);
  CHECK(!nobody.facts.has_peer_certificate);
  CHECK(visit(optional, &alice, nullptr).facts.peer.common_name == "alice");
  CHECK(!visit(optional, &mallory, nullptr).result);
  CHECK(visit(optional, nullptr, session).facts.resumed);
  CHECK(!visit(required, nullptr, session).result);  // a session of nobody opens no door
  SSL_SESSION_free(session);
}

TEST_CASE("tls context: tickets are resumed by the next generation, and not where the rules for clients changed") {
  const Issued ca = issue("ca", "");
  const Issued other_ca = issue("other ca", "");
  const Issued server = issue("server", "DNS:server");
  const Issued alice = issue("alice", "DNS:alice", &ca);
  const auto listening = [&](const std::string& name, const Issued& clients) {
    return made(
        TlsServerOptions{.name = name, .identities = {server.identity()}, .client_ca = clients.as_ca(), .alpn = {}});
  };
  const auto visit = [&](const auto& context, SSL_SESSION* resume, SSL_SESSION** session) {
    return shake(accepting(context), [&](Peer peer) {
      TlsPeer client(std::move(peer));
      client.present(alice);
      if (resume) SSL_set_session(client.ssl(), resume);
      visits(client);
      if (session) *session = SSL_get1_session(client.ssl());
    });
  };
  SSL_SESSION* session = nullptr;
  CHECK(!visit(listening("a", ca), nullptr, &session).facts.resumed);
  REQUIRE(session);
  const Outcome again = visit(listening("a", ca), session, nullptr);
  CHECK(again.facts.resumed);
  CHECK(again.facts.peer.common_name == "alice");
  CHECK(!visit(listening("b", ca), session, nullptr).facts.resumed);
  CHECK(!visit(listening("a", other_ca), session, nullptr).facts.resumed);
  SSL_SESSION_free(session);
}

TEST_CASE("tls context: a server's certificate is verified by chain and name") {
  const Issued ca = issue("ca", "");
  const Issued other_ca = issue("other ca", "");
  const Issued named = issue("named", "DNS:service.internal", &ca);
  const Issued by_address = issue("by address", "IP:127.0.0.1", &ca);
  const Issued expired = issue("expired", "DNS:service.internal", &ca, false, -7200, -3600);
  using Verify = TlsClientOptions::Verify;
  const auto tried = [](TlsClientOptions options, const Issued& server) -> std::string {
    const Outcome outcome = shake(connecting(made(options)), [&](Peer peer) { serves(std::move(peer), server); });
    if (outcome.result) return "ok";
    CHECK(outcome.result.error().reason == "upstream_tls");
    CHECK(outcome.result.error().retryable);
    return outcome.result.error().detail;
  };
  const TlsClientOptions with_name = {
      .verify = Verify::ca, .ca = ca.as_ca(), .server_name = "service.internal", .identity = {}, .alpn = {}};
  TlsClientOptions with_address = with_name, with_other_ca = with_name, unverified = with_name, by_system = with_name;
  with_address.server_name.clear();
  with_other_ca.ca = other_ca.as_ca();
  unverified.verify = Verify::off;
  unverified.ca.clear();
  by_system.verify = Verify::system;
  by_system.ca.clear();
  CHECK(tried(with_name, named) == "ok");
  CHECK(tried(with_address, by_address) == "ok");
  CHECK(tried(unverified, expired) == "ok");
  CHECK(tried(with_name, by_address).find("hostname mismatch") != std::string::npos);
  CHECK(tried(with_address, named).find("IP address mismatch") != std::string::npos);
  CHECK(tried(with_name, expired).find("expired") != std::string::npos);
  CHECK(tried(with_other_ca, named).find("certificate verify failed") != std::string::npos);
  CHECK(tried(by_system, named).find("certificate verify failed") != std::string::npos);
}

TEST_CASE("tls context: a session to a server is resumed") {
  const Issued ca = issue("ca", "");
  const Issued named = issue("named", "DNS:service.internal", &ca);
  const auto context = made(TlsClientOptions{.verify = TlsClientOptions::Verify::ca,
                                             .ca = ca.as_ca(),
                                             .server_name = "service.internal",
                                             .identity = {},
                                             .alpn = {}});
  const auto server =
      made(TlsServerOptions{.name = "s", .identities = {named.identity()}, .client_ca = {}, .alpn = {}});
  // Two of our own against each other: the server on a second worker.
  const auto visit = [&](const std::string& address) {
    return shake(connecting(context, address), [&](Peer peer) {
      const int fd = ::dup(peer.fd());
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
      peer.close();
      Worker worker;
      std::unique_ptr<async::TaskGroup> group;
      std::promise<void> done;
      const auto run = [](Socket socket, const TlsServerContext& context,
                          std::promise<void>& done) -> async::Task<void> {
        Stream stream(std::move(socket));
        (void)stream.open();
        CHECK(co_await accept_tls(stream, context, {}, now() + 20s));
        (void)co_await stream.write_all(std::span<const char>("x", 1));
        char byte = 0;
        (void)co_await stream.read_some({&byte, 1}, now() + 20s);
        stream.close();
        done.set_value();
      };
      worker.run([&] {
        group = std::make_unique<async::TaskGroup>();
        group->spawn(run(Socket(fd), *server, done));
      });
      done.get_future().get();
      worker.run([&] { group.reset(); });
    });
  };
  CHECK(!visit("127.0.0.1:1").facts.resumed);
  const Outcome again = visit("127.0.0.1:1");
  CHECK(again.result);
  CHECK(again.facts.resumed);
  CHECK(!visit("127.0.0.1:2").facts.resumed);
}
