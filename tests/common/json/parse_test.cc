#include "common/json/parse.h"

#include <doctest/doctest.h>

#include <string>

using namespace tandem;

TEST_CASE("json: what is written comes back, numbers as they were spelled, members in their order") {
  const std::string text = R"({"b":1.50,"a":[true,null,"x\u00e9\n",-0,12345678901234567890123],"":{}})";
  const auto value = json::parse(text);
  REQUIRE(value);
  CHECK(value->to_text() == R"({"b":1.50,"a":[true,null,"xé\n",-0,12345678901234567890123],"":{}})");
  CHECK(value->find("b")->number() == 1.5);
  CHECK(*value->find("b")->text() == "1.50");
  CHECK(value->find("c") == nullptr);
  CHECK(value->string_at("b") == nullptr);
  for (const char* scalar : {"7", "\"x\"", "true", "null", " [ ] "}) CHECK_MESSAGE(json::parse(scalar), scalar);
}

TEST_CASE("json: what two readers could take for different things is refused") {
  for (const std::string text : {R"({"a":1,"a":1})",
                                 R"({"a":1,"\u0061":2})",
                                 R"({"x":{"b":1,"b":2}})",
                                 "{} {}",
                                 "{}x",
                                 "[1,]",
                                 "{\"a\":1,}",
                                 "",
                                 " ",
                                 "{\"a\"}",
                                 "{a:1}",
                                 "'a'",
                                 "[01]",
                                 "[1.]",
                                 "[+1]",
                                 "[.5]",
                                 "[1e400]",
                                 "[NaN]",
                                 "[Infinity]",
                                 "tru",
                                 "nul",
                                 "[\"\\ud800\"]",
                                 "[\"\\udc00\"]",
                                 "[\"\\ud800\\u0041\"]",
                                 "[\"\\x\"]",
                                 "[\"a\nb\"]",
                                 "\xef\xbb\xbf{}",
                                 "[\"\xff\"]",
                                 "[\"\xc0\xaf\"]",
                                 "[\"\xed\xa0\x80\"]",
                                 "{\"a\":1",
                                 "[1",
                                 "\"a",
                                 "// x\n{}"}) {
    CHECK_MESSAGE(!json::parse(text), text);
  }
  CHECK(!json::parse(std::string("{}\0", 3)));
  CHECK(!json::parse(std::string("[\"a\0b\"]", 7)));
}

TEST_CASE("json: depth is bounded, whatever the length") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(json::parse(nested(json::kMaxDepth)));
  CHECK(!json::parse(nested(json::kMaxDepth + 1)));
  CHECK(!json::parse(std::string(100'000, '[')));
  std::string objects;
  for (int i = 0; i < 17; ++i) objects += "{\"a\":";
  CHECK(!json::parse(objects + "1" + std::string(17, '}')));
}
