#include "common/net/stream.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "common/async/task_group.h"
#include "common/net/listener.h"
#include "tests/support/run_task.h"

using namespace tandem;
using namespace tandem::net;
using namespace std::chrono_literals;

using tandem::test::run;

namespace {

struct Echo final : Listener::Owner {
  async::TaskGroup group;
  int accepted = 0;
  static async::Task<void> serve(std::unique_ptr<Stream> stream) {
    (void)stream->open();
    std::string buffer(100'000, 0);
    while (true) {
      const auto got = co_await stream->read_some(buffer);
      if (!got || *got == 0) co_return;
      if (!co_await stream->write_all(std::span<const char>(buffer).first(*got))) co_return;
    }
  }
  void on_accept(Listener&, Socket socket, const Address&) noexcept override {
    ++accepted;
    group.spawn(serve(std::make_unique<Stream>(std::move(socket))));
  }
  async::Task<void> emptied() { co_await group.until_empty(); }
  void end(Reactor& reactor) {
    group.cancel(Error{Origin::internal, "test_ends", false, {}});
    run(reactor, emptied());
  }
};

async::Task<void> send(Stream& stream, const std::string& bytes) {
  CHECK(co_await stream.write_all(std::span<const char>(bytes)));
  stream.shutdown_write();
}

async::Task<void> echo_once(Address address, std::size_t size, std::string& received) {
  auto stream = co_await connect(address, now() + 5s);
  REQUIRE(stream);
  std::string sent(size, 0);
  for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<char>(i * 7 + i / 1000);
  async::TaskGroup writer;
  writer.spawn(send(**stream, sent));
  std::string buffer(10'000, 0);
  while (received.size() < size) {
    const auto got = co_await (*stream)->read_some(buffer, now() + 5s);
    REQUIRE(got);
    if (*got == 0) break;
    received.append(buffer, 0, *got);
  }
  co_await writer.until_empty();
  CHECK(received == sent);
}

async::Task<void> connect_only(Address address, Result<std::unique_ptr<Stream>>& result) {
  result = co_await connect(address, now() + 1s);
}

async::Task<void> read_with_deadline(Address address, Error& error) {
  auto stream = co_await connect(address, now() + 5s);
  REQUIRE(stream);
  char byte;
  const auto got = co_await (*stream)->read_some(std::span(&byte, 1), now() + 30ms);
  REQUIRE(!got);
  error = got.error();
}

}  // namespace

TEST_CASE("stream: bytes come back whole through an echo, small and large") {
  Reactor reactor;
  Echo echo;
  auto sockets = listen_on(*Address::parse("127.0.0.1:0"), 1);
  REQUIRE(sockets);
  Listener listener(std::move(sockets->front()), echo);
  REQUIRE(listener.start());
  for (const std::size_t size : {std::size_t{1}, std::size_t{3'000'000}}) {
    std::string received;
    run(reactor, echo_once(listener.address(), size, received));
    CHECK(received.size() == size);
  }
  CHECK(echo.accepted == 2);
  echo.end(reactor);
}

TEST_CASE("stream: a refused connection says so, names the address and may be retried elsewhere") {
  Reactor reactor;
  Address address;
  {
    auto sockets = listen_on(*Address::parse("127.0.0.1:0"), 1);
    address = sockets->front().local_address();
  }
  Result<std::unique_ptr<Stream>> result;
  run(reactor, connect_only(address, result));
  REQUIRE(!result);
  CHECK(result.error().reason == "upstream_connect");
  CHECK(result.error().retryable);
  CHECK(result.error().detail == "connect to " + address.to_string() + ": connection refused");
}

TEST_CASE("stream: a read ends at its deadline when the peer is silent") {
  Reactor reactor;
  Echo echo;
  auto sockets = listen_on(*Address::parse("127.0.0.1:0"), 1);
  Listener listener(std::move(sockets->front()), echo);
  REQUIRE(listener.start());
  Error error;
  run(reactor, read_with_deadline(listener.address(), error));
  CHECK(error.reason == "timeout");
  echo.end(reactor);
}

TEST_CASE("listener: an address in use is one clear error, for another set of the same user too") {
  Reactor reactor;
  auto first = listen_on(*Address::parse("127.0.0.1:0"), 2);
  REQUIRE(first);
  const auto second = listen_on(first->front().local_address(), 2);
  REQUIRE(!second);
  CHECK(second.error().detail.find("address already in use") != std::string::npos);
}

TEST_CASE("reactor: what another thread posts runs on the reactor's thread") {
  Reactor reactor;
  std::thread::id ran_on;
  std::thread other([&] {
    reactor.post([&] {
      ran_on = std::this_thread::get_id();
      reactor.stop();
    });
  });
  reactor.run();
  other.join();
  CHECK(ran_on == std::this_thread::get_id());
}
