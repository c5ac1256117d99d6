#include "gateway/resilience/places.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace tandem::gateway;

TEST_CASE("places: as many as the limit, and again as many as are let go") {
  const auto places = std::make_shared<Places>();
  auto first = places->take(2);
  const auto second = places->take(2);
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(places->take(2));
  first.reset();
  CHECK(places->taken() == 1);
  CHECK(places->take(2));
}

TEST_CASE("places: each key has its own") {
  const auto places = std::make_shared<Places>();
  auto of_a = places->take(1, "a");
  const auto of_b = places->take(1, "b");
  CHECK(of_a);
  CHECK(of_b);
  CHECK_FALSE(places->take(1, "a"));
  CHECK(places->taken() == 2);
  of_a.reset();
  CHECK(places->take(1, "a"));
  CHECK_FALSE(places->take(1, "b"));
}

TEST_CASE("places: one that is taken outlives what gave it") {
  auto places = std::make_shared<Places>();
  auto place = places->take(1, "a");
  const std::weak_ptr<Places> watched = places;
  places.reset();
  CHECK_FALSE(watched.expired());
  place.reset();
  CHECK(watched.expired());
}

TEST_CASE("places: many threads never have more than the limit") {
  const auto places = std::make_shared<Places>();
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, keyed = i % 2 == 0] {
        for (int n = 0; n < 5'000; ++n) {
          if (keyed) {
            (void)places->take(1, "a");
            continue;
          }
          const auto place = places->take(5);
          if (!place) continue;
          const int seen = now.fetch_add(1) + 1;
          for (int before = most; seen > before && !most.compare_exchange_weak(before, seen);) {
          }
          now.fetch_sub(1);
        }
      });
    }
  }
  CHECK(most <= 5);
  CHECK(places->taken() == 0);
}
