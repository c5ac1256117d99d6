#include "common/net/tls_session.h"

#include <doctest/doctest.h>

#include <functional>

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

// One accepted connection on a worker: shakes hands, then does what the test wants with the stream.
class Served {
 public:
  using Then = std::function<async::Task<void>(Stream&)>;

  Served(Pair pair, std::shared_ptr<const TlsServerContext> context, Then then, std::string already_read = {},
         Duration limit = 20s)
      : outer(std::move(pair.outer)), then_(std::move(then)), context_(std::move(context)) {
    worker_.run([&] {
      group_ = std::make_unique<async::TaskGroup>();
      group_->spawn(serve(Socket(pair.inner), std::move(already_read), limit));
    });
  }
  ~Served() {
    worker_.run([this] {
      group_->cancel(Error{Origin::internal, "test_ends", false, {}});
      while (group_->size() > 0) async::Scheduler::current().drain();
      group_.reset();
    });
  }
  Result<void> outcome() { return shaken_.get_future().get(); }
  void wait_until_done() { done_.get_future().get(); }

  Peer outer;

 private:
  async::Task<void> serve(Socket socket, std::string already_read, Duration limit) {
    Stream stream(std::move(socket));
    (void)stream.open();
    Result<void> shaken = co_await accept_tls(stream, *context_, already_read, now() + limit);
    const bool good = shaken.has_value();
    shaken_.set_value(std::move(shaken));
    if (good && then_) co_await then_(stream);
    stream.close();
    done_.set_value();
  }

  Then then_;
  std::shared_ptr<const TlsServerContext> context_;
  std::promise<Result<void>> shaken_;
  std::promise<void> done_;
  std::unique_ptr<async::TaskGroup> group_;
  Worker worker_;
};

async::Task<void> echo(Stream& stream) {
  std::string buffer(100'000, 0);
  while (true) {
    const auto got = co_await stream.read_some(buffer);
    if (!got || *got == 0) co_return;
    if (!co_await stream.write_all(std::span<const char>(buffer).first(*got))) co_return;
  }
}

async::Task<void> nothing(Stream&) { co_return; }

}  // namespace

TEST_CASE("tls: bytes come back whole, small and large, and the end is told") {
  for (const std::size_t size : {std::size_t{1}, std::size_t{16'384}, std::size_t{3'000'000}}) {
    Served served(tcp_pair(), server_for(identity()), echo);
    TlsPeer client(std::move(served.outer));
    REQUIRE(client.handshake());
    CHECK(served.outcome());
    const std::string sent = pattern(size);
    CHECK((client.exchange(sent, size) == sent));
    client.say_end();
    CHECK(client.read_all().empty());
    CHECK(client.was_told_the_end());
    served.wait_until_done();
  }
}

TEST_CASE("tls: a handshake a byte at a time, with what was read before") {
  Served served(tcp_pair(), server_for(identity()), echo);
  Peer outer = std::move(served.outer);
  // What the client would send goes through memory, and from there byte by byte.
  Pair inner = unix_pair();
  ::fcntl(inner.inner, F_SETFL, ::fcntl(inner.inner, F_GETFL) & ~O_NONBLOCK);
  TlsPeer client(std::move(inner.outer));
  Peer middle(inner.inner);
  std::thread up([&] {
    char byte;
    while (::recv(middle.fd(), &byte, 1, 0) == 1) outer.send({&byte, 1});
  });
  std::thread down([&] {
    char bytes[4096];
    for (ssize_t n; (n = ::recv(outer.fd(), bytes, sizeof bytes, 0)) > 0;) {
      middle.send({bytes, static_cast<std::size_t>(n)});
    }
    ::shutdown(middle.fd(), SHUT_RDWR);
  });
  CHECK(client.handshake());
  CHECK(served.outcome());
  CHECK(client.send("hello"));
  CHECK(client.read(5) == "hello");
  client.say_end();
  CHECK(client.read_all().empty());
  served.wait_until_done();
  up.join();
  down.join();
}

TEST_CASE("tls: bytes that were read before TLS began are read by it first") {
  Pair pair = tcp_pair();
  Pair inner = unix_pair();
  ::fcntl(inner.inner, F_SETFL, ::fcntl(inner.inner, F_GETFL) & ~O_NONBLOCK);
  TlsPeer client(std::move(inner.outer));
  Peer middle(inner.inner);
  std::thread handshake([&] { CHECK(client.handshake()); });
  char hello[100];
  REQUIRE(::recv(middle.fd(), hello, sizeof hello, MSG_WAITALL) == sizeof hello);
  Served served(std::move(pair), server_for(identity()), nothing, std::string(hello, sizeof hello));
  std::thread up([&] {
    char bytes[4096];
    for (ssize_t n; (n = ::recv(middle.fd(), bytes, sizeof bytes, 0)) > 0;) {
      served.outer.send({bytes, static_cast<std::size_t>(n)});
    }
  });
  std::thread down([&] {
    char bytes[4096];
    for (ssize_t n; (n = ::recv(served.outer.fd(), bytes, sizeof bytes, 0)) > 0;) {
      middle.send({bytes, static_cast<std::size_t>(n)});
    }
    ::shutdown(middle.fd(), SHUT_RDWR);
  });
  CHECK(served.outcome());
  for (std::thread* thread : {&handshake, &down, &up}) thread->join();
}

TEST_CASE("tls: what is no ClientHello is refused, plain HTTP by its name") {
  const auto outcome_of = [](const std::string& bytes, bool ends) {
    Served served(tcp_pair(), server_for(identity()), nothing, {}, 300ms);
    served.outer.send(bytes);
    if (ends) served.outer.shutdown_write();
    const Result<void> outcome = served.outcome();
    return outcome ? std::string("ok") : std::string(outcome.error().reason);
  };
  CHECK(outcome_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n", false) == "tls_plain_http");
  CHECK(outcome_of("DELETE /x HTTP/1.1\r\nHost: x\r\n\r\n", false) == "tls_plain_http");
  CHECK(outcome_of("\x80\x2e\x01\x03\x02 SSLv2 or so, and some more of it, and more, and more", false) ==
        "tls_handshake");
  CHECK(outcome_of("\x16\x03\x01\xff\xff" + std::string(20'000, 'x'), false) == "tls_handshake");
  CHECK(outcome_of(std::string("\x16\x03\x01\x00\x05", 5) + "\x01garb", true) == "tls_handshake");
  CHECK(outcome_of("\x16\x03", true) == "tls_handshake");
  CHECK(outcome_of("", true) == "tls_handshake");
  CHECK(outcome_of("\x16\x03", false) == "timeout");
  CHECK(outcome_of("", false) == "timeout");
}

TEST_CASE("tls: a client of TLS 1.1 is refused, and renegotiation too") {
  {
    Served served(tcp_pair(), server_for(identity()), echo);
    TlsPeer client(std::move(served.outer));
    SSL_set_min_proto_version(client.ssl(), TLS1_VERSION);
    SSL_set_max_proto_version(client.ssl(), TLS1_1_VERSION);
    CHECK(!client.handshake());
  }
  Served served(tcp_pair(), server_for(identity()), echo);
  TlsPeer client(std::move(served.outer));
  SSL_set_max_proto_version(client.ssl(), TLS1_2_VERSION);
  REQUIRE(client.handshake());
  CHECK(client.send("x"));
  CHECK(client.read(1) == "x");
  SSL_renegotiate(client.ssl());
  CHECK(!client.handshake());
}

TEST_CASE("tls: key updates are answered, a flood of them ends the connection") {
  Served served(tcp_pair(), server_for(identity()), echo);
  TlsPeer client(std::move(served.outer));
  REQUIRE(client.handshake());
  for (int i = 0; i < 10; ++i) {
    SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED);
    REQUIRE(client.send("again"));
    REQUIRE(client.read(5) == "again");
  }
  bool alive = true;
  for (int i = 0; i < 5000 && alive; ++i) {
    SSL_key_update(client.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
    alive = client.handshake();
  }
  client.read_all();
  served.wait_until_done();
}

TEST_CASE("tls: an end without close_notify is told as one") {
  for (const bool says_end : {true, false}) {
    std::promise<bool> truncated;
    Served served(tcp_pair(), server_for(identity()), [&](Stream& stream) -> async::Task<void> {
      std::string buffer(100, 0);
      const auto first = co_await stream.read_some(buffer);
      CHECK((first && *first == 4));
      const auto second = co_await stream.read_some(buffer);
      CHECK((second && *second == 0));
      truncated.set_value(stream.socket().tls()->truncated());
      // The other way is still open.
      const std::string answer = "still here";
      CHECK(co_await stream.write_all(std::span<const char>(answer)));
    });
    TlsPeer client(std::move(served.outer));
    REQUIRE(client.handshake());
    CHECK(client.send("last"));
    if (says_end) client.say_end();
    client.raw().shutdown_write();
    CHECK(truncated.get_future().get() == !says_end);
    CHECK(client.read(100) == "still here");
    served.wait_until_done();
  }
}

TEST_CASE("tls: close_notify without the socket's end is an end") {
  Served served(tcp_pair(), server_for(identity()), echo);
  TlsPeer client(std::move(served.outer));
  REQUIRE(client.handshake());
  CHECK(client.send("x"));
  client.say_end();
  CHECK(client.read_all() == "x");
  CHECK(client.was_told_the_end());
  served.wait_until_done();
}

TEST_CASE("tls: a write that was refused must be offered again as it was") {
  std::promise<bool> refused;
  Served served(tcp_pair(8 * 1024), server_for(identity()), [&](Stream& stream) -> async::Task<void> {
    const std::string bytes(4'000'000, 'a');
    IoResult result;
    std::size_t sent = 0;
    do {
      result = stream.try_write(std::span<const char>(bytes).subspan(sent));
      sent += result.bytes;
    } while (result.ok() && sent < bytes.size());
    CHECK(result.blocked());
    const std::string other(100'000, 'b');
    refused.set_value(stream.try_write(std::span<const char>(other)).failed());
    co_return;
  });
  TlsPeer client(std::move(served.outer));
  REQUIRE(client.handshake());
  CHECK(refused.get_future().get());
  const std::string all = client.read_all();
  CHECK(all.find('b') == std::string::npos);
}

TEST_CASE("tls: bytes that a look for the end has taken in are read without a further event") {
  std::promise<void> drained;
  std::promise<std::string> after;
  Served served(tcp_pair(), server_for(identity()), [&](Stream& stream) -> async::Task<void> {
    char buffer[100];
    (void)co_await stream.read_some(buffer);
    drained.set_value();
    pollfd arrival{stream.socket().fd(), POLLIN, 0};
    (void)::poll(&arrival, 1, kPatience);  // on the worker's thread: no event is served meanwhile
    stream.cancel_on_end(true);
    stream.cancel_on_end(false);
    const auto got = co_await stream.read_some(buffer, now() + 10s);
    after.set_value(got ? std::string(buffer, *got) : std::string(got.error().reason));
  });
  TlsPeer client(std::move(served.outer));
  REQUIRE(client.handshake());
  CHECK(client.send("first"));
  drained.get_future().get();
  CHECK(client.send("second"));
  CHECK(after.get_future().get() == "second");
  served.wait_until_done();
}

TEST_CASE("tls: what is broken behind good bytes stays broken, and is no end") {
  std::promise<void> drained;
  std::promise<std::vector<IoResult>> reads;
  Served served(tcp_pair(), server_for(identity()), [&](Stream& stream) -> async::Task<void> {
    char buffer[1000];
    (void)co_await stream.read_some(buffer);
    drained.set_value();
    while (::recv(stream.socket().fd(), buffer, sizeof buffer, MSG_PEEK | MSG_DONTWAIT) < 200)
      std::this_thread::yield();
    std::vector<IoResult> all;
    for (int i = 0; i < 3; ++i) all.push_back(stream.try_read(buffer));
    reads.set_value(std::move(all));
  });
  TlsPeer client(std::move(served.outer));
  REQUIRE(client.handshake());
  CHECK(client.send("first"));
  drained.get_future().get();
  CHECK(client.send("good"));
  client.raw().send(std::string(200, 'g'));
  const std::vector<IoResult> all = reads.get_future().get();
  CHECK((all[0].ok() && all[0].bytes == 4));
  CHECK(all[1].failed());
  CHECK(all[2].failed());
  served.wait_until_done();
}

TEST_CASE("tls: a reset behind the last bytes is told though the socket tells of it once only") {
  // One of these sizes is what OpenSSL reads at a time, so that a second look at the socket finds the reset.
  for (std::size_t size = 16'640; size < 16'680; ++size) {
    std::promise<void> drained;
    std::promise<std::vector<IoResult>> reads;
    Served served(tcp_pair(), server_for(identity()), [&](Stream& stream) -> async::Task<void> {
      std::string buffer(100'000, 0);
      (void)co_await stream.read_some(buffer);
      drained.set_value();
      pollfd reset{stream.socket().fd(), 0, 0};
      (void)::poll(&reset, 1, kPatience);
      std::vector<IoResult> all;
      for (int i = 0; i < 2; ++i) all.push_back(stream.try_read(buffer));
      reads.set_value(std::move(all));
    });
    TlsPeer client(std::move(served.outer));
    REQUIRE(client.handshake());
    CHECK(client.send("first"));
    drained.get_future().get();
    CHECK(client.send(pattern(size)));
    client.raw().reset();
    const std::vector<IoResult> all = reads.get_future().get();
    CHECK((all[0].ok() && all[0].bytes == size));
    CHECK(all[1].failed());
    served.wait_until_done();
  }
}
