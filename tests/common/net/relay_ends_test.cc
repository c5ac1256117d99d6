// How a relay ends: resets, silence, closing from outside, sockets that were dead before it began.
#include <doctest/doctest.h>

#include "tests/common/net/relay_pairs.h"

using namespace tandem;
using namespace tandem::net;
using namespace tandem::net::test;
using namespace std::chrono_literals;

TEST_CASE("relay: a reset of either side reaches the other as a reset") {
  {
    Between between(tcp_pair(), tcp_pair());
    between.start();
    between.client.send("x");
    CHECK(between.server.read(1) == "x");
    between.client.reset();
    CHECK(between.server.read_all().empty());
    CHECK(between.server.error() == ECONNRESET);
    CHECK(between.end() == RelayEnd::reset_by_client);
  }
  Between between(tcp_pair(), tcp_pair());
  between.start();
  between.client.send("x");
  CHECK(between.server.read(1) == "x");
  between.server.send("refused");
  between.server.reset();
  CHECK(between.client.read_all() == "refused");
  CHECK(between.client.error() == ECONNRESET);
  CHECK(between.end() == RelayEnd::reset_by_server);
}

TEST_CASE("relay: a reset is seen while the other side takes nothing, and after a half-close") {
  {
    Between between(tcp_pair(65536), tcp_pair(65536));
    between.start();
    between.client.send_until_full(pattern(16 << 20));
    between.client.reset();
    CHECK(between.end() == RelayEnd::reset_by_client);
  }
  Between between(tcp_pair(), tcp_pair());
  between.start();
  between.client.shutdown_write();
  CHECK(between.server.read_all().empty());
  between.client.reset();
  CHECK(between.end() == RelayEnd::reset_by_client);
}

TEST_CASE("relay: an answer sent before the server resets a running upload still reaches the client") {
  Between between(tcp_pair(), tcp_pair());
  between.start();
  std::thread upload([&] { between.client.send(pattern(8 << 20)); });
  CHECK(between.server.read(1000).size() == 1000);
  between.server.send("too large");
  CHECK(between.client.read(9) == "too large");
  between.server.close();  // with unread bytes: the kernel resets
  upload.join();
  between.client.read_all();
  CHECK(between.client.error() == ECONNRESET);
  CHECK(between.end() == RelayEnd::reset_by_server);
}

TEST_CASE("relay: silence ends it after the idle limit") {
  Between between(tcp_pair(), tcp_pair(), {10ms, kNever});
  between.start();
  CHECK(between.client.read_all().empty());
  CHECK(between.client.error() == 0);
  CHECK(between.server.read_all().empty());
  CHECK(between.end() == RelayEnd::idle);
}

TEST_CASE("relay: silence after a half-close has its own limit") {
  Between between(tcp_pair(), tcp_pair(), {kNever, 10ms});
  between.start();
  between.client.send("x");
  CHECK(between.server.read(1) == "x");
  between.client.shutdown_write();
  CHECK(between.server.read_all().empty());
  CHECK(between.client.read_all().empty());
  CHECK(between.end() == RelayEnd::half_closed_timeout);
}

TEST_CASE("relay: closing from outside ends both sides once, however often it is asked for") {
  Between between(tcp_pair(), tcp_pair());
  between.start();
  const bool inline_report = between.with_relay([](Relay& relay) {
    relay.close(RelayEnd::drain);
    relay.close(RelayEnd::server_down);
    return !relay.ended();
  });
  CHECK(!inline_report);
  CHECK(between.client.read_all().empty());
  CHECK(between.client.error() == 0);
  CHECK(between.end() == RelayEnd::drain);
}

TEST_CASE("relay: closing in the middle of a splice cuts the reader off visibly and does not reuse the pipe") {
  Between between(tcp_pair(), tcp_pair());
  between.start();
  between.client.send_until_full(pattern(64 << 20));
  const std::size_t made = PipePool::shared().made();
  CHECK(made > 0);
  CHECK(between.with_relay([](Relay& relay) { return relay.bytes_held(); }) > 0);
  between.with_relay([](Relay& relay) { relay.close(RelayEnd::drain); });
  CHECK(between.end() == RelayEnd::drain);
  CHECK(PipePool::shared().made() == made - 1);
  between.server.read_all();
  CHECK(between.server.error() == ECONNRESET);
}

TEST_CASE("relay: an end of input that an earlier owner was told of is passed on") {
  struct Sink final : EventTarget {
    void on_ready(std::uint8_t readiness) noexcept override {
      seen |= readiness;
      if (seen & kPeerClosed) done.set_value();
    }
    std::uint8_t seen = 0;
    std::promise<void> done;
  };
  struct Ended final : Relay::Owner {
    void on_relay_end(Relay&, RelayEnd end) noexcept override { done.set_value(end); }
    std::promise<RelayEnd> done;
  };
  Pair client = tcp_pair(), server = tcp_pair();
  Worker worker;
  Sink sink;
  Ended owner;
  std::unique_ptr<Relay> relay;
  client.outer.send("bye");
  client.outer.shutdown_write();
  Socket early(client.inner);
  worker.run([&] { REQUIRE(early.watch(sink)); });
  sink.done.get_future().get();
  worker.run([&] {
    relay = std::make_unique<Relay>(Relay::Side{std::move(early)}, Relay::Side{Socket(server.inner), false},
                                    RelayTimeouts{}, owner);
    REQUIRE(relay->start());
  });
  CHECK(server.outer.read_all() == "bye");
  server.outer.close();
  CHECK(owner.done.get_future().get() == RelayEnd::client);
  worker.run([&] { relay.reset(); });
}

TEST_CASE("relay: sockets that are already dead are reported after start, not in it") {
  Between between(tcp_pair(), tcp_pair());
  between.client.reset();
  between.start();
  CHECK(between.end() == RelayEnd::reset_by_client);
}

TEST_CASE("relay: first bytes that the owner refuses end it, and none of them is passed on") {
  for (const bool waits : {false, true}) {
    Between between(tcp_pair(), tcp_pair());
    between.unwanted = "forged";
    if (waits) between.client.send("forged");
    between.start();
    if (!waits) between.client.send("forged");
    CHECK(between.server.read_all().empty());
    CHECK(between.client.read_all().empty());
    CHECK(between.end() == RelayEnd::refused);
    CHECK(between.to_server == 0);
  }
}

TEST_CASE("relay: bytes that would have been refused first may come later") {
  Between between(tcp_pair(), tcp_pair());
  between.unwanted = "forged";
  between.start();
  between.client.send("x");
  CHECK(between.server.read(1) == "x");
  between.client.send("forged");
  CHECK(between.server.read(6) == "forged");
}

TEST_CASE("relay: destroyed while it runs, it closes both sides and reports nothing") {
  Between between(tcp_pair(), tcp_pair());
  between.start();
  between.client.send("x");
  CHECK(between.server.read(1) == "x");
  between.destroy();
  CHECK(between.client.read_all().empty());
  CHECK(between.server.read_all().empty());
  CHECK(between.reports() == 0);
}
