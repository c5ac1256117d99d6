#include "gateway/consumer_counts.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::gateway;
using namespace std::chrono_literals;

namespace {

std::string told(const ConsumerCounts& counts, Instant at, std::size_t most = 100) {
  ConsumerCounts::Told all;
  counts.tell(all, at);
  std::string text;
  JsonWriter json(text);
  all.write(json, at, most);
  return text;
}

}  // namespace

TEST_CASE("consumers: who calls is counted by the kind of answer, the same name of two providers apart") {
  ConsumerCounts counts;
  const Instant at{1000s};
  for (const int status : {200, 200, 404, 429, 503}) counts.count("keys", "ann", status, at);
  counts.count("idp", "ann", 0, at);
  CHECK(told(counts, at + 10s) ==
        R"({"window_s":10,"consumers":[{"name":"ann","provider":"keys","rate":0.5,"client_errors":0.1,"too_many":0.1,)"
        R"("errors":0.1,"requests":5,"last_ms":10000},{"name":"ann","provider":"idp","rate":0.1,"client_errors":0,)"
        R"("too_many":0,"errors":0,"requests":1,"last_ms":10000}],"others":0})");
}

TEST_CASE("consumers: however many there are, the table stays bounded and the rest is one number") {
  ConsumerCounts counts;
  const Instant at{1000s};
  for (std::size_t i = 0; i < 3 * ConsumerCounts::kMost; ++i) counts.count("idp", "user-" + std::to_string(i), 200, at);
  ConsumerCounts::Told all;
  counts.tell(all, at);
  CHECK(all.table.size() == ConsumerCounts::kMost);
  CHECK(all.others.requests == 2 * ConsumerCounts::kMost);
  CHECK(told(counts, at, 10).ends_with("],\"others\":2990}"));
}

TEST_CASE("consumers: who has not called for two spans is forgotten, room is made for others") {
  ConsumerCounts counts;
  Instant at{1000s};
  counts.count("idp", "old", 200, at);
  at += ConsumerCounts::kSpan;
  counts.count("idp", "new", 200, at);
  CHECK(told(counts, at).find("\"old\"") != std::string::npos);
  at += ConsumerCounts::kSpan;
  counts.count("idp", "newer", 200, at);
  CHECK(told(counts, at).find("\"old\"") == std::string::npos);
  CHECK(told(counts, at).find("\"new\"") != std::string::npos);
  CHECK(told(counts, at + 3 * ConsumerCounts::kSpan) == R"({"window_s":0,"consumers":[],"others":0})");
}
