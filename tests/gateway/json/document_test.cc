#include "gateway/json/document.h"

#include <doctest/doctest.h>

#include "gateway/json/text.h"

using namespace tandem;
using json::Document;

namespace {

std::string_view wrong(std::string text) {
  const auto document = Document::parse(std::move(text));
  return document ? "" : document.error();
}

}  // namespace

TEST_CASE("json document: scalars and names are kept byte for byte") {
  const auto document = Document::parse(R"( {"a" : 1.50e+02 , "b\u0061" :[ "x\/y" ,true,null,-0 ] , "c":{} } )");
  REQUIRE(document);
  const auto first = Document::first(0);
  CHECK(document->raw(first) == "1.50e+02");
  CHECK(document->key(first) == "\"a\"");
  const auto second = document->behind(first);
  CHECK(document->key(second) == R"("b\u0061")");
  CHECK(document->raw(second) == R"([ "x\/y" ,true,null,-0 ])");
  CHECK(document->member(0, "ba") == second);
  CHECK(document->text(*document->element(second, 0)) == "x/y");
  CHECK(document->raw(*document->element(second, 3)) == "-0");
  CHECK_FALSE(document->element(second, 4));
  CHECK_FALSE(document->text(*document->element(second, 2)));
  CHECK_FALSE(document->is_compact());
  CHECK(Document::parse(R"({"a":[1,{"b":"c"},[]]})"
                        "\n")
            ->is_compact());
}

TEST_CASE("json document: every JSON text is one, a scalar too, and numbers of any size") {
  for (const char* good : {"1", " true ", "null\n", "\"x\"", "\"\"", "[]", "{}", "12345678901234567890123", "1e999",
                           "[-0.0E-7]", R"(["\ud83d\ude00","\ud83d"])", "[[],[[]]]"}) {
    CHECK_MESSAGE(wrong(good) == "", good);
  }
}

TEST_CASE("json document: what is no JSON is refused") {
  for (const char* bad : {"",
                          " ",
                          "tru",
                          "truex",
                          "1 2",
                          "\"a\" \"b\"",
                          "\"a",
                          "[1,]",
                          "[1 2]",
                          "{\"a\"}",
                          "{\"a\":}",
                          "{a:1}",
                          "{\"a\":1,}",
                          "01",
                          "+1",
                          "1.",
                          ".5",
                          "1e",
                          "--1",
                          "0x1",
                          "NaN",
                          "Infinity",
                          "[1]]",
                          "{}{}",
                          "[\"\\x\"]",
                          "[\"\\u12g4\"]",
                          "[\"\\ud83\"]",
                          "'a'",
                          "[\"a\nb\"]",
                          "[\"\x01\"]",
                          "\xef\xbb\xbf{}",
                          "[1}",
                          "{\"a\":1]",
                          "[nul]",
                          "[1x]",
                          "<html></html>",
                          "{\"a\" 1}",
                          "{,}",
                          "[,1]",
                          "{\"a\":1 \"b\":2}",
                          "/**/{}",
                          R"({"a": "b": 1})",
                          R"({"a": 1.5, "b": "{c": "d"n3""e" "7:"f": $"n"}, "g": {".": 1}})"}) {
    CHECK_MESSAGE(wrong(bad) != "", bad);
  }
  CHECK(wrong("[\"\xff\"]") != "");
  CHECK(wrong("[\"\xc0\x80\"]") != "");
  CHECK(wrong("[\"\xed\xa0\x80\"]") != "");
  CHECK(wrong(std::string("[1\0]", 4)) != "");
}

TEST_CASE("json document: depth is bounded") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(wrong(nested(Document::kMostDepth)) == "");
  CHECK(wrong(nested(Document::kMostDepth + 1)) == "it is nested too deeply");
  CHECK(wrong(std::string(1'000'000, '[')) != "");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(wrong(objects) != "");
}

TEST_CASE("json document: a name that stands twice is refused, however it is written and among however many") {
  CHECK(wrong(R"({"a":1,"a":2})") == "a name stands twice in an object");
  CHECK(wrong(R"({"a":1,"\u0061":2})") == "a name stands twice in an object");
  CHECK(wrong(R"([{"a":{"x":1,"y":2,"x":3}}])") == "a name stands twice in an object");
  CHECK(wrong(R"({"a":1,"b":{"a":2},"A":3})") == "");
  CHECK(wrong(R"({"\ud800":1})") == "a name in it holds half a character");
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += "\"name-" + std::to_string(i) + "\":0,";
  CHECK(wrong(many + "\"name-1000\":0}") == "");
  CHECK(wrong(many + "\"name-\\u0037\":0}") == "a name stands twice in an object");
  CHECK(wrong(many + "\"name-999\":0}") == "a name stands twice in an object");
}

TEST_CASE("json text: what strings mean") {
  CHECK(json::decode_string(R"("a\n\"\\\/\u00e9\ud83d\ude00")") == "a\n\"\\/\xc3\xa9\xf0\x9f\x98\x80");
  CHECK_FALSE(json::decode_string(R"("\ud83d")"));
  CHECK_FALSE(json::decode_string(R"("\ude00")"));
  CHECK_FALSE(json::decode_string(R"("\ud83dx")"));
  CHECK(json::says(R"("a\u002eb")", "a.b"));
  CHECK(json::same_string(R"("\u0061")", R"("a")"));
  CHECK_FALSE(json::same_string(R"("\u0061")", R"("b")"));
}
