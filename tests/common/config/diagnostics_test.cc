#include "common/config/diagnostics.h"

#include <string>

#include <doctest/doctest.h>

using namespace tandem::config;

TEST_CASE("diagnostics: messages are sorted by file and line, with the line and a caret below") {
  Diagnostics diagnostics;
  diagnostics.add_file("a.toml", "x = 1\n\ty = 2\r\n");
  diagnostics.add_file("b.toml", "z = 3");
  diagnostics.error({1, 1, 5}, "third");
  diagnostics.error({0, 2, 6}, "second");
  diagnostics.error({0, 1, 1}, "first");
  CHECK(diagnostics.render_errors() ==
        "a.toml:1:1: error: first\n  x = 1\n  ^\n"
        "a.toml:2:6: error: second\n  \ty = 2\n  \t    ^\n"
        "b.toml:1:5: error: third\n  z = 3\n      ^\n");
  CHECK(diagnostics.render_warnings() == "");
}

TEST_CASE("diagnostics: a column counts characters, not bytes") {
  Diagnostics diagnostics;
  diagnostics.add_file("a.toml", "größe = 5");
  diagnostics.error({0, 1, 9}, "here");
  CHECK(diagnostics.render_errors() == "a.toml:1:9: error: here\n  größe = 5\n          ^\n");
}

TEST_CASE("diagnostics: places outside of every line are no trouble") {
  Diagnostics diagnostics;
  diagnostics.error({7, 3, 3}, "no such file");
  diagnostics.add_file("a.toml", "");
  diagnostics.error({0, 99, 1}, "no such line");
  diagnostics.error({0, 1, 4'000'000'000}, "no such column");
  CHECK(diagnostics.has_errors());
  CHECK(diagnostics.render_errors().find("a.toml:99:1: error: no such line\n") != std::string::npos);
}

TEST_CASE("diagnostics: what could harm a terminal is not shown, and a long line is cut around the caret") {
  Diagnostics diagnostics;
  diagnostics.add_file("a\x1b[31m.toml", "x = \"\x1b[2J\"\n" + std::string(100'000, 'y'));
  diagnostics.error({0, 1, 1}, "escape");
  diagnostics.error({0, 2, 50'000}, "long");
  const std::string said = diagnostics.render_errors();
  CHECK(said.find('\x1b') == std::string::npos);
  CHECK(said.size() < 1000);
}

TEST_CASE("diagnostics: a line that gives a secret is never shown, whatever is wrong with it") {
  Diagnostics diagnostics;
  diagnostics.add_file("a.toml", "token = \"hunter2\n\"password\"= 'hunter2'\npin = 4711\ntokens_seen = 4\n");
  diagnostics.hide_line({0, 3, 1});
  for (std::uint32_t line = 1; line <= 4; ++line) diagnostics.error({0, line, 1}, "wrong");
  const std::string said = diagnostics.render_errors();
  CHECK(said.find("hunter2") == std::string::npos);
  CHECK(said.find("4711") == std::string::npos);
  CHECK(said.find("tokens_seen") != std::string::npos);
}

TEST_CASE("diagnostics: an offset within a text is a place in the file, where the file spells it") {
  Diagnostics diagnostics;
  diagnostics.add_file("a.toml", "match = \"GET /ü/x\"\nmatch = \"GET /\\u0041\"\nmatch = { env = \"X\" }\n");
  CHECK(diagnostics.within({0, 1, 9}, "GET /ü/x", 7) == Place{0, 1, 16});
  CHECK(diagnostics.within({0, 2, 9}, "GET /A", 5) == Place{0, 2, 9});
  CHECK(diagnostics.within({0, 3, 9}, "GET /A", 5) == Place{0, 3, 9});
}

TEST_CASE("diagnostics: a flood of errors is counted, not kept") {
  Diagnostics diagnostics;
  diagnostics.add_file("a.toml", "x\n");
  for (int i = 0; i < 5000; ++i) diagnostics.error({0, 1, 1}, "error " + std::to_string(i));
  CHECK(diagnostics.render_errors().find("… and 4000 more\n") != std::string::npos);
}
