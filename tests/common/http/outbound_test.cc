#include "common/http/outbound.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <doctest/doctest.h>

#include "common/async/task_group.h"
#include "common/net/listener.h"

using namespace tandem;
using namespace std::chrono_literals;

namespace {

struct Accepted final : net::Listener::Owner {
  void on_accept(net::Listener&, net::Socket socket, const Address&) noexcept override { peer = std::move(socket); }
  net::Socket peer;
};

// Bytes that the kernel holds back in the hope of more.
int held_back(net::Stream& stream) {
  int bytes = -1;
  ioctl(stream.socket().fd(), SIOCOUTQNSD, &bytes);
  return bytes;
}

async::Task<void> write_message(Address address, http::BodyFraming framing, int& held, net::Reactor& reactor) {
  auto stream = co_await net::connect(address, now() + 5s);
  REQUIRE(stream);
  http::Outbound out(**stream, 5s);
  out.begin("PUT / HTTP/1.1\r\n\r\n", framing);
  CHECK(co_await out.write("hello", true));
  CHECK(co_await out.finish());
  held = held_back(**stream);
  CHECK(out.body_sent() == 5);
  reactor.stop();
}

}  // namespace

TEST_CASE("outbound: nothing of a whole message waits in the kernel, whatever its framing") {
  for (const auto framing :
       {http::BodyFraming::of_length(5), http::BodyFraming::chunked(), http::BodyFraming::until_close()}) {
    net::Reactor reactor;
    Accepted accepted;
    auto sockets = net::listen_on(*Address::parse("127.0.0.1:0"), 1);
    REQUIRE(sockets);
    net::Listener listener(std::move(sockets->front()), accepted);
    REQUIRE(listener.start());
    int held = -1;
    async::TaskGroup group;
    group.spawn(write_message(listener.address(), framing, held, reactor));
    reactor.run();
    CHECK(held == 0);
    accepted.peer.close();
  }
}
