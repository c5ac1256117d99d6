#include "common/observe/metrics_text.h"

#include <algorithm>
#include <map>
#include <sstream>

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::observe;
using namespace std::chrono_literals;

namespace {
// The lines of one family: those that name it.
std::string family(const std::string& text, const std::string& name) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name) || line.starts_with("# HELP " + name) || line.starts_with("# TYPE " + name)) {
      out += line + "\n";
    }
  }
  return out;
}
}  // namespace

TEST_CASE("metrics: a counter shows its labels in order, escaped") {
  Counters::counter("test_hits_total", "Hits, with a \\ and\na newline.", {{"b", "1"}, {"a", "x\"\\\ny"}}).add(3);
  Counters::counter("test_hits_total", "", {{"b", "2"}, {"a", ""}});
  CHECK(family(Metrics().render(), "test_hits_total") ==
        "# HELP test_hits_total Hits, with a \\\\ and\\na newline.\n"
        "# TYPE test_hits_total counter\n"
        "test_hits_total{b=\"1\",a=\"x\\\"\\\\\\ny\"} 3\n"
        "test_hits_total{b=\"2\",a=\"\"} 0\n");
}

TEST_CASE("metrics: a histogram has cumulative buckets, a sum in seconds and a count") {
  const Histogram h = Counters::histogram("test_wait_seconds", "Waiting.", {{"upstream", "u"}});
  h.observe(500us);
  h.observe(3ms);
  h.observe(11s);
  const std::string text = family(Metrics().render(), "test_wait_seconds");
  CHECK(
      text.starts_with("# HELP test_wait_seconds Waiting.\n# TYPE test_wait_seconds histogram\n"
                       "test_wait_seconds_bucket{upstream=\"u\",le=\"0.0001\"} 0\n"
                       "test_wait_seconds_bucket{upstream=\"u\",le=\"0.00025\"} 0\n"
                       "test_wait_seconds_bucket{upstream=\"u\",le=\"0.0005\"} 1\n"
                       "test_wait_seconds_bucket{upstream=\"u\",le=\"0.001\"} 1\n"));
  CHECK(
      text.ends_with("test_wait_seconds_bucket{upstream=\"u\",le=\"10\"} 2\n"
                     "test_wait_seconds_bucket{upstream=\"u\",le=\"30\"} 3\n"
                     "test_wait_seconds_bucket{upstream=\"u\",le=\"+Inf\"} 3\n"
                     "test_wait_seconds_sum{upstream=\"u\"} 11.0035\n"
                     "test_wait_seconds_count{upstream=\"u\"} 3\n"));
}

TEST_CASE("metrics: collectors are asked while their registration lives, and share families") {
  Metrics metrics;
  const auto one = metrics.add([](MetricSamples& s) { s.gauge("test_up", "Up?", {{"server", "a"}}, 1); });
  {
    const auto two = metrics.add([](MetricSamples& s) { s.gauge("test_up", "Up?", {{"server", "b"}}, 0.5); });
    CHECK(family(metrics.render(), "test_up") ==
          "# HELP test_up Up?\n# TYPE test_up gauge\ntest_up{server=\"a\"} 1\ntest_up{server=\"b\"} 0.5\n");
  }
  CHECK(family(metrics.render(), "test_up").find("\"b\"") == std::string::npos);
}

TEST_CASE("metrics: numbers that are none are written as the format has them") {
  Metrics metrics;
  const auto r = metrics.add([](MetricSamples& s) {
    s.gauge("test_odd", "", {{"n", "1"}}, std::numeric_limits<double>::infinity());
    s.gauge("test_odd", "", {{"n", "2"}}, std::numeric_limits<double>::quiet_NaN());
  });
  CHECK(family(metrics.render(), "test_odd{") == "test_odd{n=\"1\"} +Inf\ntest_odd{n=\"2\"} NaN\n");
}

TEST_CASE("metrics: the process shows itself") {
  const std::string text = Metrics().render();
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                           "process_max_fds", "process_start_time_seconds"}) {
    CHECK_MESSAGE(text.find("\n" + std::string(name) + " ") != std::string::npos, name);
  }
  const auto at = text.find("\nprocess_start_time_seconds ");
  const double started = std::stod(text.substr(at + 28));
  const double since = std::chrono::duration<double>(wall_now().time_since_epoch()).count() - started;
  CHECK(since > -1);
  CHECK(since < 3600);
}

TEST_CASE("metrics: a text of many members comes in small pieces that make up the whole") {
  for (int i = 0; i < 3000; ++i) {
    const Labels labels = {{"route", "route-" + std::to_string(i)}};
    Counters::counter("test_many_total", "Many.", labels).add(static_cast<std::uint64_t>(i));
    Counters::histogram("test_many_seconds", "Many.", labels).observe(1ms);
  }
  Metrics metrics;
  const auto gauge = metrics.add([](MetricSamples& s) { s.gauge("test_many_now", "Now.", {}, 1); });
  MetricsText text = metrics.scrape();
  std::string whole;
  std::size_t largest = 0;
  for (bool more = true; more;) {
    std::string piece;
    more = text.next(piece);
    largest = std::max(largest, piece.size());
    whole += piece;
  }
  CHECK(largest < 200'000);
  CHECK(whole.size() > 3'000'000);
  std::istringstream lines(whole);
  std::map<std::string, int> seen;
  for (std::string line; std::getline(lines, line);) ++seen[line];
  CHECK(std::ranges::all_of(seen, [](const auto& entry) { return entry.second == 1; }));
  CHECK(seen.contains("test_many_total{route=\"route-2999\"} 2999"));
  CHECK(seen.contains("test_many_seconds_count{route=\"route-2999\"} 1"));
  CHECK(seen.contains("test_many_now 1"));
}
