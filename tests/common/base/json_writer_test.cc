#include "common/base/json_writer.h"

#include <limits>

#include <doctest/doctest.h>

using namespace tandem;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {
std::string json(std::string_view text, std::size_t cap = kNoCap) {
  std::string out;
  append_json_string(out, text, cap);
  return out;
}
std::string printable(std::string_view text, std::size_t cap = kNoCap) {
  std::string out;
  append_printable(out, text, cap);
  return out;
}
}  // namespace

TEST_CASE("json writer: objects, arrays and every kind of value, with the commas where they belong") {
  std::string out;
  JsonWriter w(out);
  w.begin_object().member("text", "a").member("number", -3).member("big", std::numeric_limits<std::uint64_t>::max());
  w.member("least", std::numeric_limits<std::int64_t>::min())
      .member("half", 0.5)
      .member("yes", true)
      .key("none")
      .null();
  w.key("list").begin_array().value(1).begin_object().end_object().begin_array().end_array().value("x").end_array();
  w.key("ms").milliseconds(1500us).member("last", false).end_object();
  CHECK(out ==
        R"({"text":"a","number":-3,"big":18446744073709551615,"least":-9223372036854775808,"half":0.5,"yes":true,)"
        R"("none":null,"list":[1,{},[],"x"],"ms":1.5,"last":false})");
}

TEST_CASE("json writer: numbers that JSON does not have are null") {
  std::string out;
  JsonWriter(out)
      .begin_array()
      .value(std::numeric_limits<double>::infinity())
      .value(std::numeric_limits<double>::quiet_NaN())
      .end_array();
  CHECK(out == "[null,null]");
}

TEST_CASE("milliseconds: whole microseconds, no trailing zeros, never negative") {
  const auto text = [](Duration time) {
    std::string out;
    append_milliseconds(out, time);
    return out;
  };
  CHECK(text(0ns) == "0");
  CHECK(text(999ns) == "0");
  CHECK(text(5us) == "0.005");
  CHECK(text(12345us) == "12.345");
  CHECK(text(12300us) == "12.3");
  CHECK(text(2s) == "2000");
  CHECK(text(-1s) == "0");
}

TEST_CASE("json string: quotes, backslashes and every control character are escaped") {
  CHECK(json("plain text") == "\"plain text\"");
  CHECK(json("a\"b\\c") == R"("a\"b\\c")");
  CHECK(json("\r\n\t\x1b[31m\x7f\0"s) == R"("\r\n\t\u001b[31m\u007f\u0000")");
  CHECK(json("\xC2\x9B"
             "31m") == R"("\u009b31m")");  // C1: some terminals take it for ESC [
}

TEST_CASE("json string, printable: what turns the order of text around is escaped, other letters are not") {
  for (const auto& [character, escape] :
       {std::pair("\u202E", "\\u202e"), std::pair("\u2066", "\\u2066"), std::pair("\u2069", "\\u2069"),
        std::pair("\u061C", "\\u061c"), std::pair("\u200F", "\\u200f"), std::pair("\u2028", "\\u2028")}) {
    CHECK(json(std::string("a") + character + "b") == std::string("\"a") + escape + "b\"");
    CHECK(printable(std::string("a") + character + "b") == std::string("a") + escape + "b");
  }
  for (const char* fine : {"\u2027", "\u202F", "\u2065", "\u206A", "\u200D", "\u061B", "\U0001202E", "שלום"}) {
    CHECK(json(fine) == std::string("\"") + fine + "\"");
    CHECK(printable(fine) == fine);
  }
}

TEST_CASE("json string: UTF-8 passes, what is not UTF-8 becomes U+FFFD") {
  CHECK(json("grüße 日本 🙂") == "\"grüße 日本 🙂\"");
  const std::string bad = "\"\xEF\xBF\xBD\"";
  CHECK(json("\xFF") == bad);
  CHECK(json("\x80") == bad);
  CHECK(json("\xC3") == bad);
  CHECK(json("\xC0\xAF") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");          // overlong slash
  CHECK(json("\xED\xA0\x80").find("\xED") == std::string::npos);      // a surrogate
  CHECK(json("\xF4\x90\x80\x80").find("\xF4") == std::string::npos);  // beyond U+10FFFF
  CHECK(json("\xE2\x82"
             "a") ==
        "\"\xEF\xBF\xBD\xEF\xBF\xBD"
        "a\"");
}

TEST_CASE("json string: a long text is cut at a character's edge and says so") {
  CHECK(json("abcdef", 6) == "\"abcdef\"");
  CHECK(json("abcdef", 3) == "\"abc…\"");
  CHECK(json("aüüü", 2) == "\"a…\"");
  CHECK(json("aüüü", 3) == "\"aü…\"");
  CHECK(json(std::string(65536, 'x'), 1024).size() == 1024 + 2 + 3);
  CHECK(json(std::string(100, '\x80'), 10).size() == 10 * 3 + 2 + 3);
}

TEST_CASE("printable: one line for a person, whatever the bytes") {
  CHECK(printable("upstream \"a\\b\": grüße") == "upstream \"a\\b\": grüße");
  CHECK(printable("a\r\nb\x1b[2J\xFF\0"s) == "a\\r\\nb\\x1b[2J\\xff\\x00");
  CHECK(printable("\xC2\x9B") == "\\x9b");
  CHECK(printable("abcdef", 2) == "ab…");
}
