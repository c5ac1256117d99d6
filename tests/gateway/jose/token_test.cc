#include "gateway/jose/token.h"

#include <doctest/doctest.h>

#include <string>

#include "common/base/base64.h"
#include "common/json/parse.h"
#include "gateway/jose/verify.h"

using namespace tandem;

namespace {

std::string token(const std::string& header, const std::string& claims = "{}", const std::string& signature = "sig") {
  return to_base64url(header) + '.' + to_base64url(claims) + '.' + to_base64url(signature);
}

}  // namespace

TEST_CASE("token: parts are taken apart, nothing is believed") {
  const std::string text = token(R"({"alg":"ES256","kid":"k","typ":"application/AT+JWT"})", R"({"sub":"x"})", "abc");
  const auto parsed = jose::parse_token(text);
  REQUIRE(parsed);
  CHECK(parsed->signed_bytes == text.substr(0, text.rfind('.')));
  CHECK(parsed->signature == "abc");
  CHECK(parsed->algorithm == "ES256");
  CHECK(parsed->key_id == "k");
  CHECK(parsed->type == "at+jwt");
  CHECK(*parsed->claims.string_at("sub") == "x");
}

TEST_CASE("token: headers that change what the rest means are refused") {
  CHECK(jose::parse_token(token(R"({"alg":"HS256"})")));
  for (const char* header :
       {R"({"alg":"HS256","crit":["b64"],"b64":false})", R"({"alg":"HS256","crit":[]})",
        R"({"alg":"HS256","b64":true})", R"({"alg":"HS256","jwk":{}})", R"({"alg":"HS256","jku":"http://x"})",
        R"({"alg":"HS256","x5u":"http://x"})", R"({"alg":"HS256","x5c":[]})", R"({"alg":"HS256","zip":"DEF"})",
        R"({"alg":"HS256","enc":"A128GCM"})", R"({"alg":"HS256","cty":"JWT"})", R"({"alg":"HS256","alg":"none"})",
        R"({})", R"({"alg":1})", R"({"alg":null})", R"({"alg":"HS256","kid":1})", R"({"alg":"HS256","typ":[]})",
        R"([])", "x", ""}) {
    CHECK_MESSAGE(!jose::parse_token(token(header)), header);
  }
  CHECK(!jose::parse_token(token(R"({"alg":"HS256","kid":")" + std::string(257, 'k') + "\"}")));
}

TEST_CASE("token: any other shape is refused") {
  const std::string good = token(R"({"alg":"HS256"})");
  const std::string head = good.substr(0, good.rfind('.'));
  for (const std::string& wrong :
       {head, head + '.', good + '.', good + ".x.y", good + "=", good + " ", " " + good, good + "\n", "." + good,
        std::string("{\"payload\":\"e30\",\"signatures\":[]}"), std::string(".."), std::string(),
        token(R"({"alg":"HS256"})", "[]"), token(R"({"alg":"HS256"})", R"({"a":1,"a":2})"),
        token(R"({"alg":"HS256"})", std::string(100'000, '['))}) {
    CHECK_MESSAGE(!jose::parse_token(wrong), wrong);
  }
  CHECK(!jose::parse_token(token(R"({"alg":"HS256"})", "{\"a\":\"" + std::string(8000, 'a') + "\"}")));
}

TEST_CASE("claims: times farther than any clock reaches mean what they say") {
  const auto checked = [](const std::string& text) {
    const auto claims = json::parse(text);
    REQUIRE(claims);
    const jose::Rules rules = {
        .algorithms = {}, .issuer = {}, .audience = {}, .type = {}, .leeway = std::chrono::hours(1)};
    return jose::check_claims(*claims, rules, wall_now());
  };
  for (const char* far : {"9000000000", "9223372035", "9223372037", "9999999999", "253402300799"}) {
    CAPTURE(far);
    CHECK(checked(std::string(R"({"exp":)") + far + "}"));
    for (const char* begins : {"nbf", "iat"}) {
      CHECK_FALSE(checked(std::string(R"({"exp":253402300799,")") + begins + "\":" + far + "}"));
    }
  }
  CHECK(checked(R"({"exp":253402300799})")->until == WallTime::max());
  CHECK_FALSE(checked(R"({"exp":253402300800})"));
}
