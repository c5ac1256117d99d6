#include "common/observe/history.h"

#include <doctest/doctest.h>

#include <string>

#include "common/base/counters.h"

using namespace tandem;
using namespace tandem::observe;
using namespace std::chrono_literals;

namespace {

struct Told {
  History history;
  Instant at{1000s};
  WallTime time{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
  Totals totals{.buckets = std::vector<std::uint64_t>(Histogram::buckets())};

  void second(Duration passed = 1s) {
    at += passed;
    time += std::chrono::duration_cast<WallTime::duration>(passed);
    history.add(at, time, totals, {0, 1000});
  }
  std::string json(std::uint64_t since = 0) const {
    std::string text;
    JsonWriter json(text);
    history.write(json, since);
    return text;
  }
  // The samples alone.
  std::string samples(std::uint64_t since = 0) const {
    const std::string text = json(since);
    return text.substr(text.find("\"samples\":") + 10);
  }
};

}  // namespace

TEST_CASE("history: the first look only begins, each further one is a sample of the rates since") {
  Told told;
  told.totals.handled = 500;
  told.second();
  CHECK(told.samples() == "[]}");
  told.totals.handled += 30;
  told.totals.errors += 3;
  told.totals.refused += 6;
  told.totals.bytes_in += 1000;
  told.totals.bytes_out += 5000;
  told.totals.active = 7;
  told.second(2s);
  CHECK(told.samples() == "[[1767225603000,15,1.5,3,null,null,7,500,2500,0,1000]]}");
  CHECK(told.json().find(R"("columns":["time","rate","errors","refused","p50_ms","p99_ms","active","bytes_in",)"
                         R"("bytes_out","cpu","memory"])") != std::string::npos);
}

TEST_CASE("history: response times are those of the second, not of all time") {
  Told told;
  told.totals.buckets[3] = 1000;  // up to a millisecond
  told.second();
  told.totals.buckets[5] += 10;  // 2.5 to 5 ms
  told.second();
  CHECK(told.samples().starts_with("[[1767225602000,0,0,0,3.75,4.975,"));
}

TEST_CASE("history: who has seen some of it is told the rest, whoever asks for too much nothing") {
  Told told;
  for (int i = 0; i < 6; ++i) told.second();
  CHECK(told.json().find(R"("first":0,"next":5)") != std::string::npos);
  CHECK(told.json(3).find(R"("first":3,"next":5)") != std::string::npos);
  CHECK(told.samples(4) == "[[1767225606000,0,0,0,null,null,0,0,0,0,1000]]}");
  CHECK(told.samples(5) == "[]}");
  CHECK(told.json(99).find(R"("first":5,"next":5)") != std::string::npos);
}

TEST_CASE("history: only the last quarter of an hour is kept, however long the program runs") {
  Told told;
  for (std::size_t i = 0; i < 3 * History::kSamples; ++i) told.second();
  CHECK(told.json().find(R"("first":1799,"next":2699)") != std::string::npos);
  CHECK(told.json(1).find(R"("first":1799,)") != std::string::npos);
  CHECK(told.samples(2698).starts_with("[[1767228300000,"));
}

TEST_CASE("history: counters that begin anew give no rate below zero") {
  Told told;
  told.totals.handled = 100;
  told.totals.buckets[0] = 100;
  told.second();
  told.totals.handled = 10;
  told.totals.buckets[0] = 10;
  told.second();
  CHECK(told.samples().starts_with("[[1767225602000,0,0,0,null,null,"));
}
