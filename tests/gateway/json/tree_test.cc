#include "gateway/json/tree.h"

#include <doctest/doctest.h>

using namespace tandem;
using json::Collisions;
using json::Document;
using json::Shape;
using json::Tree;

namespace {

constexpr std::size_t kEnough = 1 << 20;

Document document(std::string text) {
  auto made = Document::parse(std::move(text));
  REQUIRE(made);
  return *std::move(made);
}

json::Path path(std::string_view text) {
  auto made = json::parse_path(text);
  REQUIRE_MESSAGE(made, made.error().text);
  return *std::move(made);
}

struct Paths {
  std::vector<std::string> keep = {}, drop = {};
  std::vector<std::pair<std::string, std::string>> rename = {};
};

Shape shape(const Paths& paths) {
  Shape made;
  for (const auto& one : paths.keep) REQUIRE(made.keep(path(one)));
  for (const auto& one : paths.drop) REQUIRE(made.drop(path(one)));
  for (const auto& [one, name] : paths.rename) REQUIRE(made.rename(path(one), name));
  return made;
}

std::string written(const Tree& tree) {
  std::string out;
  CHECK(tree.write(out, kEnough));
  return out;
}

// What is left of a text, put at "x".
std::string shaped(const std::string& text, const Paths& paths) {
  const Document whole = document(text);
  const Shape left = shape(paths);
  Tree tree(Collisions::error);
  const auto ref = tree.make({&whole, 0}, left);
  CHECK(tree.put(path("x"), 0, [ref](const Tree::Origin&) { return std::optional(ref); }) == Tree::Outcome::done);
  return written(tree);
}

// Objects merged at the root one after the other; "!" for one that was refused.
std::string merged(Collisions collisions, const std::vector<std::string>& texts) {
  std::vector<Document> documents;
  documents.reserve(texts.size());
  const Shape all;
  Tree tree(collisions);
  std::string refused;
  for (const std::string& text : texts) {
    documents.push_back(document(text));
    if (tree.merge(tree.make({&documents.back(), 0}, all)) != Tree::Outcome::done) refused += '!';
  }
  return written(tree) + refused;
}

}  // namespace

TEST_CASE("json tree: keep leaves what it names, in the text's order, and goes through arrays") {
  CHECK(shaped(R"({"b":1,"a":{"x":1,"y":[2]},"c":3})", {.keep = {"c", "a.y"}}) == R"({"x":{"a":{"y":[2]},"c":3}})");
  CHECK(shaped(R"([{"a":1,"b":2},{"b":3}])", {.keep = {"[].a"}}) == R"({"x":[{"a":1},{}]})");
  CHECK(shaped(R"([[{"a":1,"b":2}],5])", {.keep = {"a"}}) == R"({"x":[[{"a":1}]]})");
  CHECK(shaped(R"({"a":"text"})", {.keep = {"a.b"}}) == R"({"x":{}})");
  CHECK(shaped(R"({"a":{}, "b":[ ]})", {.keep = {"a.b", "b"}}) == R"({"x":{"a":{},"b":[]}})");
}

TEST_CASE("json tree: drop takes away what it names, rename changes names where they are") {
  CHECK(shaped(R"({"a":1,"b":{"c":2,"d":3}})", {.drop = {"a", "b.c"}}) == R"({"x":{"b":{"d":3}}})");
  CHECK(shaped(R"({"l":[{"a":1,"b":2},{"a":3}]})", {.drop = {"l[].b"}, .rename = {{"l.a", "z\"z"}}}) ==
        R"({"x":{"l":[{"z\"z":1},{"z\"z":3}]}})");
  CHECK(shaped(R"({"a":1,"b":2})", {.rename = {{"a", "b"}, {"b", "a"}}}) == R"({"x":{"b":1,"a":2}})");
  CHECK(shaped(R"({"\u0061":1,"c":2})", {.keep = {"a"}, .rename = {{"a", "n"}}}) == R"({"x":{"n":1}})");
}

TEST_CASE("json tree: shapes that make no sense are refused, and names that would meet are seen") {
  Shape made = shape({.keep = {"a.b", "c"}});
  CHECK_FALSE(made.keep(path("a")));
  CHECK_FALSE(made.keep(path("c.d")));
  CHECK_FALSE(made.drop(path("z")));
  CHECK_FALSE(made.rename(path("a.x"), "y"));
  CHECK_FALSE(made.keep(path("[]")));
  const Shape renaming = shape({.rename = {{"l.a", "b"}}});
  const auto meets = [&](std::string text) { return renaming.makes_names_meet(document(std::move(text)), 0); };
  CHECK(meets(R"({"l":[{"a":1},{"a":1,"b":2}]})"));
  CHECK_FALSE(meets(R"({"l":[{"a":1},{"b":2}],"a":1,"b":2})"));
  CHECK_FALSE(shape({.drop = {"b"}, .rename = {{"a", "b"}}}).makes_names_meet(document(R"({"a":1,"b":2})"), 0));
  CHECK(json::to_text(*renaming.renamed(path("l[].a.q"))) == "l[].b.q");
  CHECK_FALSE(shape({.keep = {"a"}}).renamed(path("b")));
}

TEST_CASE("json tree: objects merge in their order, by the rule of collisions") {
  const std::string a = R"({"id":1,"o":{"p":1,"q":2}})", b = R"({"n":2,"o":{"q":3,"r":4},"\u0069d":5})";
  CHECK(merged(Collisions::error, {a, R"({"z": 0})"}) == R"({"id":1,"o":{"p":1,"q":2},"z":0})");
  CHECK(merged(Collisions::error, {a, b}) == R"({"id":1,"o":{"p":1,"q":2}}!)");
  CHECK(merged(Collisions::first, {a, b}) == R"({"id":1,"o":{"p":1,"q":2},"n":2})");
  CHECK(merged(Collisions::last, {a, b}) == R"({"id":5,"o":{"q":3,"r":4},"n":2})");
  CHECK(merged(Collisions::deep, {a, b}) == R"({"id":5,"o":{"p":1,"q":3,"r":4},"n":2})");
  CHECK(merged(Collisions::error, {"[1]", "{}"}) == "{}!");
}

TEST_CASE("json tree: many names collide as few do") {
  std::string many = "{";
  for (int i = 0; i < 500; ++i) many += "\"n" + std::to_string(i) + "\":" + std::to_string(i) + (i < 499 ? "," : "}");
  CHECK(merged(Collisions::error, {many, R"({"n\u0034\u0034":1})"}) == many + "!");
  CHECK(merged(Collisions::first, {many, R"({"n499":1})"}) == many);
}

TEST_CASE("json tree: values are put where they belong, into each element by where it comes from") {
  const Document orders = document(R"([{"id": 7,"p":"a"},{"id":8,"p":"b"},{"id":9,"p":"a"}])");
  const Document product = document(R"({"name":"A"})");
  const Shape all;
  Tree tree(Collisions::error);
  const auto list = tree.make({&orders, 0}, all);
  CHECK(tree.put(path("a.orders"), 0, [&](const Tree::Origin&) { return std::optional(list); }) == Tree::Outcome::done);
  const auto of_a = [&](const Tree::Origin& origin) -> std::optional<Tree::Ref> {
    CHECK(origin.document == &orders);
    if (orders.text(*orders.member(origin.node, "p")) != "a") return std::nullopt;
    return tree.make({&product, 0}, all);
  };
  CHECK(tree.put(path("a.orders[].more.product"), 3, of_a) == Tree::Outcome::done);
  CHECK(written(tree) == R"({"a":{"orders":[{"id":7,"p":"a","more":{"product":{"name":"A"}}},{"id":8,"p":"b"},)"
                         R"({"id":9,"p":"a","more":{"product":{"name":"A"}}}]}})");
  CHECK(tree.put(path("a.orders[].id"), 3, of_a) == Tree::Outcome::collision);
  CHECK(tree.put(path("a.orders[].id.x"), 3, of_a) == Tree::Outcome::collision);
  CHECK(tree.put(path("a[].x"), 2, of_a) == Tree::Outcome::no_place);
  CHECK(tree.put(path("nobody[].x"), 2, of_a) == Tree::Outcome::done);
  std::string out;
  CHECK_FALSE(tree.write(out, 40));
}

TEST_CASE("json path: what is one, and what is none") {
  for (const char* good : {"a", "a.b", "[].a", "a[]", "a[][].b", "a.0.b", "a[].b[].c"})
    CHECK(json::to_text(path(good)) == good);
  CHECK(path("a\\.b").front().name == "a.b");
  CHECK(json::to_text(path("a\\.b\\[.c")) == "a\\.b\\[.c");
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a[0]", "a[", "a]", "a[]b", "a[].", "a.[]", "a\nb"}) {
    CHECK_MESSAGE(!json::parse_path(bad), bad);
  }
  CHECK(json::parse_pointer("/a~1b/~0/0") == std::vector<std::string>{"a/b", "~", "0"});
  CHECK(json::parse_pointer("")->empty());
  CHECK(json::parse_pointer("/") == std::vector<std::string>{""});
  CHECK_FALSE(json::parse_pointer("a"));
  CHECK_FALSE(json::parse_pointer("/a~2"));
  const Document whole = document(R"({"a/b":{"~":[10,{"":5}]}})");
  const auto at = [&](const char* pointer) { return json::follow(whole, 0, *json::parse_pointer(pointer)); };
  CHECK(whole.raw(*at("/a~1b/~0/0")) == "10");
  CHECK(whole.raw(*at("/a~1b/~0/1/")) == "5");
  CHECK_FALSE(at("/a~1b/~0/01"));
  CHECK_FALSE(at("/a~1b/~0/2"));
}
