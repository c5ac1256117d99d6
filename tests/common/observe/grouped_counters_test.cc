#include "common/observe/grouped_counters.h"

#include <doctest/doctest.h>

#include <thread>

using namespace tandem;
using namespace tandem::observe;

namespace {

std::string route_of(const Labels& labels) { return std::string(label_value(labels, "route")); }

Counter requests(const char* family, const char* route, const char* status) {
  return Counters::counter(family, "help", {{"route", route}, {"status", status}});
}

}  // namespace

TEST_CASE("grouped counters: the members of a family add up by group and class, over all threads") {
  GroupedCounters grouped("grouped_test_requests_total", route_of, 2,
                          [](const Labels& labels) -> std::size_t { return label_value(labels, "status")[0] == '5'; });
  grouped.read();
  CHECK(grouped.groups() == 0);
  CHECK(grouped.total(0) == 0);
  requests("grouped_test_requests_total", "a", "200").add(3);
  requests("grouped_test_requests_total", "a", "404").add(2);
  std::thread([] { requests("grouped_test_requests_total", "a", "500").add(7); }).join();
  requests("grouped_test_requests_total", "b", "200").add(1);
  grouped.read();
  REQUIRE(grouped.groups() == 2);
  CHECK(grouped.name(0) == "a");
  CHECK(grouped.group("b") == 1);
  CHECK(!grouped.group("c"));
  CHECK(std::vector(grouped.values().begin(), grouped.values().end()) == std::vector<std::uint64_t>{5, 7, 1, 0});
  CHECK(grouped.total(0) == 6);
  CHECK(grouped.total(1) == 7);
}

TEST_CASE("grouped counters: what is registered after the first read joins") {
  GroupedCounters grouped("grouped_test_late_total", route_of);
  for (int round = 1; round <= 600; ++round) {
    requests("grouped_test_late_total", round % 2 ? "odd" : "even", std::to_string(round).c_str()).add();
    if (round % 100 != 0) continue;
    grouped.read();
    CHECK(grouped.total(0) == static_cast<std::uint64_t>(round));
    CHECK(grouped.values()[*grouped.group("odd")] == static_cast<std::uint64_t>(round) / 2);
  }
}

TEST_CASE("grouped histograms: buckets add up by group, those beyond the last bound too") {
  const auto histogram = [](const char* route) {
    return Counters::histogram("grouped_test_seconds", "help", {{"route", route}});
  };
  GroupedHistograms grouped("grouped_test_seconds", route_of);
  histogram("a").observe(std::chrono::microseconds(1));
  histogram("a").observe(std::chrono::hours(1));
  histogram("b").observe(std::chrono::hours(1));
  grouped.read();
  const std::size_t last = Histogram::buckets() - 1;
  CHECK(grouped.total()[0] == 1);
  CHECK(grouped.total()[last] == 2);
  const auto b = grouped.values().subspan(*grouped.group("b") * Histogram::buckets(), Histogram::buckets());
  CHECK(b[0] == 0);
  CHECK(b[last] == 1);
}
