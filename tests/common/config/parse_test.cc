#include "common/config/parse.h"

#include <string>

#include <doctest/doctest.h>

using namespace tandem::config;

namespace {

std::string errors_of(std::string text) {
  Diagnostics diagnostics;
  const std::uint32_t file = diagnostics.add_file("t.toml", std::move(text));
  const bool parsed = parse_toml(file, diagnostics).has_value();
  CHECK(parsed == !diagnostics.has_errors());
  return diagnostics.render_errors();
}

bool says(const std::string& text, const std::string& words) {
  return errors_of(text).find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("parse: members keep the order of the file and their places") {
  Diagnostics diagnostics;
  const std::uint32_t file =
      diagnostics.add_file("t.toml", "z = 1\na = { y = \"t\", x = true }\n[[m]]\n[[m]]\nk = [1, 2]\n");
  const auto root = parse_toml(file, diagnostics);
  REQUIRE(root);
  const Value::Table& members = *root->table();
  REQUIRE(members.size() == 3);
  CHECK(members[0].key == "z");
  CHECK(members[1].key == "a");
  CHECK(members[1].place == Place{0, 2, 1});
  CHECK(members[1].value.table()->front().key == "y");
  CHECK(*root->find("a")->find("x")->boolean());
  CHECK(root->find("m")->array()->size() == 2);
  CHECK(root->find("m")->array()->at(1).place.line == 4);
  CHECK(root->find("m")->array()->at(1).find("k")->array()->at(1).place == Place{0, 5, 9});
}

TEST_CASE("parse: the usual slips get a hint") {
  CHECK(says("a = { x = 1,\n y = 2 }\n", "stands on one line"));
  CHECK(says("a = { x = 1, }\n", "no comma before its closing brace"));
  CHECK(says("[a]\n[a]\n", "opened once"));
  CHECK(says("[[a]]\n[a]\n", "[[two brackets]]"));
  CHECK(says("a = 1\na = 2\n", "given once"));
  CHECK(says("a = 5s\n", "in quotes"));
  CHECK(says("a = :8080\n", "in quotes"));
  CHECK(says("a = \"x\n", "ends on its own line"));
}

TEST_CASE("parse: hostile files are errors, not crashes") {
  CHECK(says(std::string("a = \"\0\"\n", 8), "t.toml:1:6: error"));
  CHECK(says("a = \"\xff\"\n", "utf-8"));
  CHECK(says("a = " + std::string(100'000, '['), "nested"));
  std::string dotted = "a";
  for (int i = 0; i < 500'000; ++i) dotted += ".a";
  CHECK(says(dotted + " = 1\n", "nested too deeply"));
  CHECK(says("[" + dotted + "]\n", "nested too deeply"));
  std::string tables;
  for (int i = 0; i < 300; ++i) tables += "a.a.a.a.a.a.a.a = {";
  CHECK(says(tables, "nested"));
}

TEST_CASE("parse: dots in strings, comments and lists of fractions are no nesting") {
  CHECK(errors_of("a = \"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19\" # 1.2.3.4.5.6.7.8.9.1.2.3.4.5.6.7.8.9.0.1\n"
                  "b = '''\n....................\n'''\n"
                  "c = \"\"\"\n.................\\\"\"\"....................\n\"\"\"\n"
                  "d = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]\n"
                  "e = \"unicode \\\" ....................\"\n") == "");
}

TEST_CASE("parse: a line with a secret is not quoted by a syntax error") {
  const std::string said = errors_of("token = hunter2\n");
  CHECK(said == "t.toml:1:9: error: not valid TOML\n");
}
