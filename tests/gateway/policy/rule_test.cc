#include "gateway/policy/rule.h"

#include <doctest/doctest.h>

#include "common/json/parse.h"

using namespace tandem;
using policy::Rule;
using policy::Truth;

namespace {

const std::vector<std::string> kParams = {"id", "org"};

class TestFacts final : public policy::Facts {
 public:
  std::optional<std::string_view> param(std::size_t index) const override {
    return index == 0 ? std::optional<std::string_view>("7") : std::nullopt;
  }
  std::optional<std::string_view> header(std::string_view name) const override {
    return name == "X-Tenant" ? std::optional<std::string_view>("acme") : std::nullopt;
  }
  const json::Value* claims() const override { return known ? &claims_ : nullptr; }
  std::optional<std::string_view> consumer() const override {
    return known ? std::optional<std::string_view>("ada") : std::nullopt;
  }
  std::optional<std::string_view> plan() const override { return std::nullopt; }
  const std::vector<std::string>* groups() const override { return known ? &groups_ : nullptr; }
  std::string_view method() const override { return "GET"; }
  std::optional<IpAddress> ip() const override { return IpAddress::parse("10.1.2.3"); }

  bool known = true;

 private:
  const json::Value claims_ = *json::parse(R"({"sub":"7","level":3,"half":1.5,"admin":true,"blocked":false,
    "roles":["admin","ops",4],"mixed":["x",{},"y"],"none":null,"nets":["10.0.0.0/8","x"],"net":"10.0.0.0/8",
    "address":{"city":"Paris"},"https://x/roles":["a"],"empty":[]})");
  const std::vector<std::string> groups_ = {"staff"};
};

Truth verdict(std::string_view text, bool known = true) {
  const auto rule = Rule::parse(text, kParams);
  REQUIRE_MESSAGE(rule, text << ": " << (rule ? "" : rule.error().text));
  TestFacts facts;
  facts.known = known;
  const Truth truth = rule->evaluate(facts);
  CHECK_MESSAGE(rule->reasons(facts).empty() == (truth == Truth::yes), text);
  return truth;
}

std::string wrong(std::string_view text, std::size_t offset) {
  const auto rule = Rule::parse(text, kParams);
  if (rule) return "it is right";
  CHECK_MESSAGE(rule.error().offset == offset, text << ": " << rule.error().offset << " " << rule.error().text);
  return rule.error().text;
}

}  // namespace

TEST_CASE("allow: what is true, false and unknown of a request") {
  for (const char* yes : {"true",
                          "param.id == claim.sub",
                          R"("admin" in claim.roles)",
                          "4 in claim.roles",
                          R"("4" in claim.roles)",
                          "claim.level == 3",
                          R"(claim.level == "3")",
                          "claim.half == 1.5",
                          "claim.admin",
                          "claim.admin == true",
                          "not claim.blocked",
                          "claim.blocked != true",
                          R"(header.X-Tenant == "acme")",
                          R"(header["X-Tenant"] != "x")",
                          R"(method in ["GET", "HEAD"])",
                          R"(ip in "10.0.0.0/8")",
                          R"(ip in ["192.168.0.0/16", "10.1.2.3"])",
                          R"(ip == "10.1.2.3")",
                          R"(ip != "::1")",
                          "ip in claim.nets",
                          "ip in claim.net",
                          R"("10.9.9.9" in claim.net)",
                          R"(claim.address.city == "Paris")",
                          R"(claim["address"]["city"] == "Paris")",
                          R"("a" in claim["https://x/roles"])",
                          R"(consumer.name == "ada")",
                          R"("staff" in consumer.groups)",
                          R"(("x" == "y" or true) and (claim.admin))",
                          R"("x" in claim.mixed)",
                          R"(claim.missing == "x" or true)",
                          R"(not (claim.missing == "x" and false))"}) {
    CHECK_MESSAGE(verdict(yes) == Truth::yes, yes);
  }
  for (const char* no :
       {"false", R"("adm" in claim.roles)", R"("x" in claim.empty)", R"(ip in "::/0")", "claim.level == 3.0",
        R"(ip in "11.0.0.0/8")", R"("root" in consumer.groups)", R"(claim.missing == "x" and false)", "not claim.admin",
        R"(header.X-Tenant == "Acme")", R"(method == "get")", "5 in claim.roles"}) {
    CHECK_MESSAGE(verdict(no) == Truth::no, no);
  }
  for (const char* unknown : {R"(claim.missing == "x")",
                              R"(claim.missing != "x")",
                              R"(not (claim.missing == "x"))",
                              "claim.missing",
                              "claim.sub",
                              "not claim.sub",
                              "claim.none == \"null\"",
                              R"(claim.roles == "admin")",
                              R"("x" in claim.sub)",
                              R"("7" in claim.sub)",
                              R"("z" in claim.mixed)",
                              R"(not ("z" in claim.mixed))",
                              R"(param.org == "x")",
                              R"(header.X-None == "x")",
                              R"(consumer.plan == "gold")",
                              R"(claim.address == "Paris")",
                              "claim.sub.x == 1",
                              "claim.admin == \"true\"",
                              R"(claim.level in "10.0.0.0/8")",
                              "ip == claim.sub",
                              R"(claim.missing == "x" or false)",
                              "claim.roles.x == 1"}) {
    CHECK_MESSAGE(verdict(unknown) == Truth::unknown, unknown);
  }
  for (const char* nobody :
       {"param.id == claim.sub", "claim.admin", R"(not ("x" in consumer.groups))", R"(consumer.name != "x")"}) {
    CHECK_MESSAGE(verdict(nobody, false) == Truth::unknown, nobody);
  }
}

TEST_CASE("allow: and binds closer than or, not binds closer than and, comparisons closest") {
  CHECK(verdict("true or true and false") == Truth::yes);
  CHECK(verdict("(true or true) and false") == Truth::no);
  CHECK(verdict("not false and false") == Truth::no);
  CHECK(verdict("not param.id == \"8\"") == Truth::yes);
  CHECK(verdict("not not true") == Truth::yes);
}

TEST_CASE("allow: three values, for every pair of them") {
  const char* names[] = {"false", "claim.missing", "true"};
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      const std::string both = std::string(names[a]) + " and " + names[b];
      const std::string either = std::string(names[a]) + " or " + names[b];
      CHECK_MESSAGE(verdict(both) == static_cast<Truth>(std::min(a, b)), both);
      CHECK_MESSAGE(verdict(either) == static_cast<Truth>(std::max(a, b)), either);
    }
    CHECK(verdict(std::string("not ") + names[a]) == static_cast<Truth>(2 - a));
  }
}

TEST_CASE("allow: what is wrong is told where it stands") {
  CHECK(wrong("", 0).contains("the rule ends"));
  CHECK(wrong("param.id = claim.sub", 9).contains("write `==`"));
  CHECK(wrong("true && true", 5).contains("write `and`"));
  CHECK(wrong("true || false", 5).contains("write `or`"));
  CHECK(wrong("!true", 0).contains("write `not`"));
  CHECK(wrong("param.id == 'x'", 12).contains("double quotes"));
  CHECK(wrong("param.di == claim.sub", 6).contains("did you mean \"id\"?"));
  CHECK(wrong("parm.id == claim.sub", 0).contains("did you mean \"param\"?"));
  CHECK(wrong("param.id == admin", 12).contains("\"admin\" is not known here"));
  CHECK(wrong("consumer.group == \"x\"", 9).contains("did you mean \"groups\"?"));
  CHECK(wrong("param.id", 0).contains("neither true nor false"));
  CHECK(wrong("true and method", 9).contains("neither true nor false"));
  CHECK(wrong("claim == 1", 5).contains("claim.NAME"));
  CHECK(wrong("claim. == 1", 7).contains("behind the dot"));
  CHECK(wrong("\"adm\" in \"admin\"", 9).contains("no range of addresses"));
  CHECK(wrong("\"a\" in param.id", 7).contains("no list"));
  CHECK(wrong("claim.roles == [\"a\"]", 12).contains("asked with `in`"));
  CHECK(wrong("consumer.groups == \"a\"", 16).contains("asked with `in`"));
  CHECK(wrong("param.id == true", 9).contains("never equal"));
  CHECK(wrong("ip == \"10.0.0.0/8\"", 6).contains("ask with `in`"));
  CHECK(wrong("ip in [\"x\"]", 7).contains("no address"));
  CHECK(wrong("claim.a == 1 == 2", 13).contains("one comparison at a time"));
  CHECK(wrong("claim.a not in [1]", 8).contains("not (… in …)"));
  CHECK(wrong("(true", 5).contains("`)` is missing"));
  CHECK(wrong("true)", 4).contains("should stand here"));
  CHECK(wrong("claim.a == \"x", 11).contains("closing quote"));
  CHECK(wrong("claim.a == \"\\n\"", 12).contains("backslash"));
  CHECK(wrong("claim.a == 1.2.3", 11).contains("no number"));
  CHECK(wrong("claim.a in []", 11).contains("empty"));
  CHECK(wrong("(claim.a == 1) == 2", 1).contains("compared with nothing"));
  CHECK(wrong("claim.a == (true)\xff", 17).contains("means nothing"));
}

TEST_CASE("allow: the size of a rule and its depth are bounded") {
  const auto repeated = [](std::string_view part, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += part;
    return text;
  };
  CHECK(wrong(repeated("(", 2000) + "true", policy::kMaxRuleDepth + 1).contains("too deep"));
  CHECK_FALSE(Rule::parse(repeated("not ", 500) + "true", kParams));
  CHECK(Rule::parse(repeated("not ", policy::kMaxRuleDepth) + "true", kParams));
  CHECK(Rule::parse("true" + repeated(" or true", 400), kParams));
  CHECK_FALSE(Rule::parse("true" + repeated(" or true", 511), kParams));
  CHECK_FALSE(Rule::parse(repeated(" ", 4097), kParams));
}

TEST_CASE("allow: reasons name the comparisons that decided, and what was missing") {
  const TestFacts facts;
  const auto rule = Rule::parse(
      R"((param.id == "8" or "root" in claim.roles) and true and not claim.admin and claim.x == 1)", kParams);
  const auto reasons = rule->reasons(facts);
  REQUIRE(reasons.size() == 4);
  CHECK(reasons[0].text == R"(param.id == "8")");
  CHECK(reasons[1].text == R"("root" in claim.roles)");
  CHECK(reasons[2].text == "claim.admin");
  CHECK(reasons[2].truth == Truth::yes);
  CHECK(reasons[3].truth == Truth::unknown);
  CHECK(reasons[3].missing == "claim.x");
}
