#include "common/net/reactor.h"

#include <doctest/doctest.h>

#include <memory>

using namespace tandem::net;

TEST_CASE("reactor: what is posted before it stops has run when run() returns") {
  Reactor reactor;
  bool ran = false;
  reactor.post([&] {
    reactor.post([&ran] { ran = true; });
    reactor.stop();
  });
  reactor.run();
  CHECK(ran);
}

TEST_CASE("reactor: what is posted after it has stopped is destroyed with it, and does not run") {
  const auto held = std::make_shared<int>(0);
  bool ran = false;
  {
    Reactor reactor;
    reactor.stop();
    reactor.run();
    reactor.post([&ran, held] { ran = true; });
    CHECK(held.use_count() == 2);
  }
  CHECK_FALSE(ran);
  CHECK(held.use_count() == 1);
}
