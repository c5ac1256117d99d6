#include <doctest/doctest.h>

#include "common/async/task_group.h"
#include "common/net/tls_handshake.h"
#include "tests/common/net/tls_pairs.h"

using namespace tandem;
using namespace tandem::net;
using namespace tandem::net::test;
using namespace std::chrono_literals;

namespace {

const Issued& identity() {
  static const Issued made = issue("a.example", "DNS:a.example");
  return made;
}

// A relay whose client side speaks TLS, and its server side too if asked to.
class TlsBetween final : public Relay::Owner {
 public:
  TlsBetween(Pair client_side, Pair server_side, bool to_server, RelayTimeouts timeouts = {kNever, kNever})
      : client(std::move(client_side.outer)),
        server(std::move(server_side.outer), to_server ? &identity() : nullptr),
        context_(server_for(identity())) {
    auto upstream = TlsClientContext::make(
        {.verify = TlsClientOptions::Verify::off, .ca = {}, .server_name = "a.example", .identity = {}, .alpn = {}});
    REQUIRE(upstream);
    upstream_ = *upstream;
    worker_.run([&] {
      group_ = std::make_unique<async::TaskGroup>();
      group_->spawn(begin(Socket(client_side.inner), Socket(server_side.inner), to_server, timeouts));
    });
  }
  ~TlsBetween() {
    worker_.run([this] {
      relay_.reset();
      group_.reset();
    });
  }
  RelayEnd end() {
    auto result = end_.get_future();
    REQUIRE(result.wait_for(std::chrono::milliseconds(kPatience)) == std::future_status::ready);
    return result.get();
  }

  std::size_t held() {
    return worker_.run([this] { return relay_ ? relay_->bytes_held() : 0; });
  }

  TlsPeer client;
  TlsPeer server;

 private:
  async::Task<void> begin(Socket client_inner, Socket server_inner, bool to_server, RelayTimeouts timeouts) {
    Stream accepted(std::move(client_inner)), connected(std::move(server_inner));
    CHECK(accepted.open());
    CHECK(connected.open());
    const Address somewhere = *Address::parse("127.0.0.1:1");
    CHECK(co_await accept_tls(accepted, *context_, {}, now() + 20s));
    if (to_server) CHECK(co_await connect_tls(connected, *upstream_, somewhere, {}, now() + 20s));
    relay_ =
        std::make_unique<Relay>(Relay::Side{accepted.release()}, Relay::Side{connected.release()}, timeouts, *this);
    CHECK(relay_->start());
  }
  void on_relay_end(Relay&, RelayEnd end) noexcept override {
    end_.set_value(end);
    relay_.reset();
  }

  std::shared_ptr<const TlsServerContext> context_;
  std::shared_ptr<const TlsClientContext> upstream_;
  std::promise<RelayEnd> end_;
  std::unique_ptr<async::TaskGroup> group_;
  std::unique_ptr<Relay> relay_;
  Worker worker_;
};

}  // namespace

TEST_CASE("relay over tls: big bodies both ways, at once") {
  const std::string bytes = pattern(5'000'000);
  TlsBetween between(tcp_pair(), tcp_pair(), false);
  REQUIRE(between.client.handshake());
  Peer& plain = between.server.raw();
  // One thread for each end: OpenSSL's sessions are not for two.
  std::thread server([&] {
    std::thread down([&] { plain.send(bytes); });
    CHECK((plain.read(bytes.size()) == bytes));
    down.join();
    plain.shutdown_write();
  });
  std::string back;
  std::size_t sent = 0;
  while (sent < bytes.size()) {  // in turns, so that neither way fills up
    const std::size_t n = std::min<std::size_t>(100'000, bytes.size() - sent);
    CHECK(between.client.send(std::string_view(bytes).substr(sent, n)));
    sent += n;
    back += between.client.read(n);
  }
  back += between.client.read_all();
  CHECK((back == bytes));
  CHECK(between.client.was_told_the_end());
  between.client.say_end();
  server.join();
  CHECK(between.end() == RelayEnd::server);
}

TEST_CASE("relay over tls: TLS on both sides, with a half-close that is passed on") {
  TlsBetween between(tcp_pair(), tcp_pair(), true);
  std::thread server([&] {
    CHECK(between.server.handshake());
    CHECK(between.server.read(100) == "question");
    CHECK(between.server.was_told_the_end());
    CHECK(between.server.send(pattern(1'000'000)));
    between.server.say_end();
  });
  REQUIRE(between.client.handshake());
  CHECK(between.client.send("question"));
  between.client.say_end();  // without the end of the socket
  CHECK((between.client.read_all() == pattern(1'000'000)));
  CHECK(between.client.was_told_the_end());
  server.join();
  CHECK(between.end() == RelayEnd::client);
}

TEST_CASE("relay over tls: who does not read makes the other side wait, and loses nothing") {
  TlsBetween between(tcp_pair(8 * 1024), tcp_pair(8 * 1024), false);
  REQUIRE(between.client.handshake());
  const std::string bytes = pattern(3'000'000);
  std::thread download([&] {
    between.server.raw().send(bytes);
    between.server.raw().shutdown_write();
  });
  std::string got;
  while (got.size() < bytes.size()) {
    const std::string part = between.client.read(10'000);
    if (part.empty()) break;
    got += part;
  }
  download.join();
  CHECK((got == bytes));
  CHECK(between.client.read_all().empty());
  CHECK(between.client.was_told_the_end());
}

TEST_CASE("relay over tls: garbage on an open session ends it as broken by its side") {
  TlsBetween between(tcp_pair(), tcp_pair(), false);
  REQUIRE(between.client.handshake());
  CHECK(between.client.send("x"));
  CHECK(between.server.raw().read(1) == "x");
  between.client.raw().send(std::string(100, 'g'));
  CHECK(between.end() == RelayEnd::reset_by_client);
  CHECK(between.server.raw().read(1).empty());
}

TEST_CASE("relay over tls: keys are changed on the way, in both directions and on both sides") {
  TlsBetween between(tcp_pair(), tcp_pair(), true);
  const std::string bytes = pattern(400'000);
  std::thread server([&] {
    CHECK(between.server.handshake());
    for (int turn = 0; turn < 10; ++turn) {
      CHECK((between.server.read(bytes.size()) == bytes));
      CHECK(SSL_key_update(between.server.ssl(), turn % 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED));
      CHECK(between.server.send(bytes));
    }
    CHECK(between.server.read_all().empty());
    between.server.say_end();
  });
  REQUIRE(between.client.handshake());
  for (int turn = 0; turn < 10; ++turn) {
    CHECK(SSL_key_update(between.client.ssl(), turn % 2 ? SSL_KEY_UPDATE_NOT_REQUESTED : SSL_KEY_UPDATE_REQUESTED));
    CHECK(between.client.send(bytes));
    CHECK((between.client.read(bytes.size()) == bytes));
  }
  between.client.say_end();
  CHECK(between.client.read_all().empty());
  server.join();
  CHECK(between.end() == RelayEnd::client);
}

TEST_CASE("relay over tls: a reader that takes its time gets 50 MB whole, and little waits in the relay") {
  TlsBetween between(tcp_pair(64 * 1024), tcp_pair(64 * 1024), true);
  const std::string bytes = pattern(50'000'000);
  std::thread server([&] {
    CHECK(between.server.handshake());
    CHECK(between.server.send(bytes));
    between.server.say_end();
    CHECK(between.server.read(1).empty());
  });
  REQUIRE(between.client.handshake());
  std::string got = between.client.read(1);
  std::size_t most_held = 0;
  while (got.size() < bytes.size()) {
    most_held = std::max(most_held, between.held());
    const std::string part = between.client.read(1'000'000);
    if (part.empty()) break;
    got += part;
  }
  CHECK((got == bytes));
  CHECK(most_held > 0);
  CHECK(most_held <= Reactor::kScratchSize);
  CHECK(between.client.read(1).empty());
  CHECK(between.client.was_told_the_end());
  between.client.say_end();
  server.join();
  CHECK(between.end() == RelayEnd::server);
}

TEST_CASE("relay over tls: the last of both ends is told when the other side has room for it") {
  for (std::size_t more = 0; more < 20'000; more += 1000) {  // some of them leave no room behind the last byte
    TlsBetween between(tcp_pair(4 * 1024), tcp_pair(), false);
    REQUIRE(between.client.handshake());
    CHECK(between.client.send("question"));
    between.client.say_end();
    Peer& plain = between.server.raw();
    CHECK(plain.read(8) == "question");
    CHECK(plain.read(1).empty());
    const std::string answer = pattern(20'000 + more);
    plain.send(answer);
    plain.close();
    CHECK((between.client.read(answer.size()) == answer));
    CHECK(between.client.read(1).empty());
    CHECK(between.client.was_told_the_end());
    CHECK(between.end() == RelayEnd::client);
  }
}

TEST_CASE("relay over tls: what a server cut off is cut off for the client") {
  TlsBetween between(tcp_pair(), tcp_pair(), true);
  std::thread server([&] {
    CHECK(between.server.handshake());
    CHECK(between.server.read(8) == "question");
    CHECK(between.server.send("half an ans"));
    between.server.raw().shutdown_write();  // without TLS's own end
    CHECK(between.server.read(1).empty());
  });
  REQUIRE(between.client.handshake());
  CHECK(between.client.send("question"));
  CHECK(between.client.read(100) == "half an ans");
  CHECK(!between.client.was_told_the_end());
  CHECK(between.end() == RelayEnd::reset_by_client);  // OpenSSL answers that by an alert
  server.join();
}
