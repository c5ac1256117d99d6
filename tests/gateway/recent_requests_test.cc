#include "gateway/recent_requests.h"

#include <doctest/doctest.h>

#include "gateway/access_log.h"

using namespace tandem;
using namespace tandem::gateway;
using namespace std::chrono_literals;

namespace {

// A request that began at 1000 s, with the spans that a test notes.
struct Asked {
  SpanPool pool;
  SpanList spans;
  const Instant began{1000s};
  AccessRecord record;
  Asked() {
    spans.start(pool, 1);
    record.id = "c-1";
    record.method = "GET";
    record.path = "/a?secret=1";
  }
  Span& step(SpanKind kind, std::string_view name, Duration from, Duration to) {
    Span* span = spans.begin(kind, name, began + from);
    span->end = began + to;
    return *span;
  }
  std::string told(Duration took, bool failed = false) {
    RecentRequests recent;
    record.duration = took;
    REQUIRE(recent.wants(took, failed, began + took));
    recent.keep(record, spans, began, began + took);
    RecentRequests::Told all;
    recent.tell(all, began + took);
    REQUIRE(all.newest.size() == 1);
    CHECK(all.slowest.size() == 1);
    CHECK(all.failed.size() == (failed ? 1 : 0));
    std::string text;
    JsonWriter json(text);
    write_requests(json, all.newest);
    return text;
  }
};

std::string phases(const std::string& told) {
  const std::size_t from = told.find("\"phases\":") + 9;
  return told.substr(from, told.find('}', from) + 1 - from);
}

}  // namespace

TEST_CASE("recent requests: what was done for a request adds up by phases, what was not is null") {
  Asked asked;
  CHECK(phases(asked.told(1ms)) ==
        R"({"queue_ms":null,"auth_ms":null,"limit_ms":null,"cache_ms":null,"connect_ms":null,)"
        R"("first_byte_ms":null,"body_ms":null})");
  asked.step(SpanKind::auth, "keys", 0ms, 2ms);
  asked.step(SpanKind::limit, "shared", 2ms, 4ms);
  Span& attempt = asked.step(SpanKind::attempt, "service", 2ms, 0ms);
  attempt.end = {};
  attempt.picked = asked.began + 12ms;
  attempt.connected = asked.began + 15ms;
  attempt.answered = asked.began + 45ms;
  attempt.status = 200;
  const std::string told = asked.told(50ms);
  CHECK(phases(told) == R"({"queue_ms":10,"auth_ms":2,"limit_ms":2,"cache_ms":null,"connect_ms":3,)"
                        R"("first_byte_ms":30,"body_ms":5})");
  CHECK(told.find(
            R"({"kind":"attempt","name":"service","part":null,"server":null,"at_ms":2,"took_ms":48,"picked_at_ms":12,)"
            R"("connected_at_ms":15,"answered_at_ms":45,"status":200,"result":null,"error":null})") !=
        std::string::npos);
}

TEST_CASE("recent requests: attempts that failed count too, and a cache without what it waited for") {
  Asked asked;
  Span& cache = asked.step(SpanKind::cache, "shop", 1ms, 40ms);
  cache.result = "miss";
  Span& refused = asked.step(SpanKind::attempt, "service", 2ms, 4ms);
  refused.picked = asked.began + 2ms;
  refused.error = "upstream_connect";
  Span& kept = asked.step(SpanKind::attempt, "service", 4ms, 39ms);
  kept.picked = asked.began + 5ms;
  kept.answered = asked.began + 35ms;
  CHECK(phases(asked.told(41ms)) ==
        R"({"queue_ms":1,"auth_ms":null,"limit_ms":null,"cache_ms":6,"connect_ms":2,"first_byte_ms":30,"body_ms":6})");
  Asked queued;
  queued.step(SpanKind::attempt, "service", 0ms, 5s).error = "queue_timeout";
  CHECK(phases(queued.told(5s)).starts_with(R"({"queue_ms":5000,)"));
}

TEST_CASE("recent requests: what was done for a part is told with its name, in the order in which it began") {
  Asked asked;
  Span& user = asked.step(SpanKind::part, "user", 0ms, 20ms);
  user.result = "ok";
  Span& orders = asked.step(SpanKind::part, "orders", 1ms, 30ms);
  orders.error = "timeout";
  Span& late = asked.step(SpanKind::attempt, "service", 4ms, 30ms);
  Span& cache = asked.step(SpanKind::cache, "shop", 2ms, 20ms);
  Span& within = asked.step(SpanKind::attempt, "service", 3ms, 19ms);
  late.parent = orders.id;
  cache.parent = user.id;
  within.parent = cache.id;
  const std::string told = asked.told(31ms);
  std::size_t at = 0;
  for (const char* step :
       {R"("kind":"part","name":"user","part":null)", R"("kind":"part","name":"orders","part":null)",
        R"("kind":"cache","name":"shop","part":"user")", R"("kind":"attempt","name":"service","part":"user")",
        R"("kind":"attempt","name":"service","part":"orders")"}) {
    CAPTURE(step);
    at = told.find(step, at);
    CHECK(at != std::string::npos);
  }
}

TEST_CASE("recent requests: a query is not told, and what a client makes long is cut") {
  Asked asked;
  CHECK(asked.told(1ms, true).find("secret") == std::string::npos);
  const std::string path = "/" + std::string(10'000, 'x');
  asked.record.path = path;
  for (int i = 0; i < 60; ++i) asked.step(SpanKind::attempt, "service", 0ms, 1ms);
  CHECK(asked.told(1ms).size() < 6000);
}

TEST_CASE(
    "recent requests: a thousand a second are all kept for a moment, more are a sample, the slow ones never missed") {
  RecentRequests recent;
  Asked asked;
  Instant at = asked.began;
  std::size_t kept = 0;
  for (int i = 0; i < 10'000; ++i) {
    at += 100us;
    asked.record.duration = i == 5000 ? 700ms : 1ms;
    if (!recent.wants(asked.record.duration, false, at)) continue;
    ++kept;
    recent.keep(asked.record, asked.spans, asked.began, at);
  }
  CHECK(kept >= 1000);
  CHECK(kept < 1200);
  RecentRequests::Told all;
  recent.tell(all, at);
  all.sort_and_cut(10);
  CHECK(all.newest.size() == 10);
  REQUIRE(!all.slowest.empty());
  CHECK(all.slowest.front().duration == 700ms);
}
