#include "gateway/trace/span.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/json/parse.h"
#include "gateway/trace/otlp.h"
#include "gateway/trace/span_queue.h"

using namespace tandem;
using namespace tandem::gateway;

namespace {

std::vector<std::string> names(const SpanList& list) {
  std::vector<std::string> all;
  list.for_each([&all](const Span& span) { all.emplace_back(span.name); });
  return all;
}

}  // namespace

TEST_CASE("spans: where nothing is traced nothing is noted") {
  SpanList list;
  CHECK(list.begin(SpanKind::attempt, "a", now()) == nullptr);
  SpanScope(list, SpanKind::cache, "c").end("hit");
  end_span(nullptr, "reset");
  CHECK(list.empty());
}

TEST_CASE("spans: those that begin within a scope are its children, those after it are not") {
  SpanPool pool;
  SpanList list;
  list.start(pool, 7);
  {
    SpanScope scope(list, SpanKind::cache, "c", "none");
    CHECK(list.begin(SpanKind::attempt, "a", now())->parent == list.under());
  }
  CHECK(list.begin(SpanKind::attempt, "b", now())->parent == 7);
  std::vector<std::uint64_t> parents;
  list.for_each([&](const Span& span) { parents.push_back(span.parent); });
  CHECK(parents[0] == 7);
  CHECK(parents[1] != 7);
}

TEST_CASE("spans: 64 are noted, in order, and blocks are used again") {
  SpanPool pool;
  for (int round = 0; round < 2; ++round) {
    SpanList list;
    list.start(pool, 1);
    std::vector<std::string> expected;
    for (int i = 0; i < 64; ++i) {
      expected.push_back(i % 2 ? "odd" : "even");
      CHECK(list.begin(SpanKind::attempt, i % 2 ? "odd" : "even", now()));
    }
    CHECK(list.begin(SpanKind::attempt, "more", now()) == nullptr);
    CHECK(names(list) == expected);
  }
}

TEST_CASE("spans: what went on beside is taken home once") {
  SpanPool pool;
  SpanList home, beside;
  home.start(pool, 1);
  Span* part = home.begin(SpanKind::part, "p", now());
  beside.start_beside(home, part);
  Span* attempt = beside.begin(SpanKind::attempt, "a", now());
  CHECK(attempt->parent == part->id);
  home.take(beside);
  home.take(beside);
  CHECK(names(home) == std::vector<std::string>{"p", "a"});
  CHECK(beside.empty());
  attempt->status = 500;  // still its own memory
  CHECK(beside.begin(SpanKind::attempt, "b", now()));
  CHECK(names(beside) == std::vector<std::string>{"b"});
}

TEST_CASE("otlp: a span is one JSON object whatever strangers wrote") {
  std::string text;
  const WallClock clock;
  const Instant at = now();
  OtlpSpan span(text, clock,
                {.trace = "0af7651916cd43dd8448eb211c80319c",
                 .id = 0x1,
                 .parent = 0,
                 .name = "GET \n\"\xff",
                 .begin = at,
                 .end = at - std::chrono::seconds(1)});
  span.attribute("url.path", std::string(5000, '\x01') + "\"}]}\xe2\x80\xae");
  span.attribute("empty", "");
  span.number("n", 18446744073709551615U);
  span.event("connected", at);
  span.end("upstream_\"reset\"");
  REQUIRE(text.starts_with(","));
  const auto json = json::parse(text.substr(1));
  REQUIRE_MESSAGE(json, text);
  CHECK(*json->string_at("spanId") == "0000000000000001");
  CHECK(!json->find("parentSpanId"));
  CHECK(*json->string_at("startTimeUnixNano") == *json->string_at("endTimeUnixNano"));
  CHECK(json->find("attributes")->array()->size() == 2);
  CHECK(json->find("status")->find("code")->number() == 2);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(json::parse(otlp_begin("a\"b", "i") + text.substr(1) + std::string(otlp_end())));
}

TEST_CASE("spans: what still goes on ends with its list, before it is taken") {
  SpanPool pool;
  SpanList request, part;
  request.start(pool, 1);
  part.start_beside(request);
  const Instant at{std::chrono::seconds(5)};
  part.begin(SpanKind::attempt, "over", at)->end = at;
  part.begin(SpanKind::attempt, "goes on", at);
  part.end_all(at + std::chrono::seconds(1));
  request.take(part);
  std::vector<Instant> ends;
  request.for_each([&ends](const Span& span) { ends.push_back(span.end); });
  CHECK(ends == std::vector{at, at + std::chrono::seconds(1)});
}

TEST_CASE("span queue: places are bounded over all buffers and come back when they are given back") {
  SpanQueue queue;
  queue.limit(3);
  SpanBuffer one(queue), two(queue);
  const std::uint64_t dropped = queue.dropped();
  REQUIRE(queue.take_places(2));
  one.push(",1,2", 2);
  REQUIRE(queue.take_places(1));
  two.push(",3", 1);
  CHECK(!queue.take_places(1));
  CHECK(queue.dropped() == dropped + 1);
  const auto chunks = queue.sweep();
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].text + chunks[1].text == ",1,2,3");
  CHECK(!queue.take_places(1));
  queue.give_back(3);
  CHECK(queue.take_places(3));
}

TEST_CASE("span queue: what a buffer leaves behind is not lost, and pieces stay small") {
  SpanQueue queue;
  queue.limit(10'000);
  {
    SpanBuffer buffer(queue);
    for (int i = 0; i < 1000; ++i) {
      REQUIRE(queue.take_places(1));
      buffer.push(",x", 1);
    }
  }
  const auto chunks = queue.sweep();
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].spans + chunks[1].spans == 1000);
  CHECK(chunks[0].spans == 512);
}
