#include "gateway/filters/field_value.h"

#include <doctest/doctest.h>

using namespace tandem;
using gateway::FieldValue;

namespace {

std::string said_of(std::string_view text) {
  const auto pattern = routing::parse_match("/users/{id}");
  const auto value = FieldValue::parse(text, *pattern);
  return value ? "good" : std::to_string(value.error().offset) + " " + value.error().text;
}

}  // namespace

TEST_CASE("field value: sources and plain texts are told apart") {
  for (const std::string_view text :
       {"", "DENY", "client_ip", "claim:sub", "claim:https://x/roles", "param:id", "header:X-A", "text:param:id",
        "text:", "max-age=1; x", "https://example.com", "claims: none", "consumer", "consumer:name", "consumer:groups",
        "consumer:plan"}) {
    CHECK_MESSAGE(said_of(text) == "good", text);
  }
}

TEST_CASE("field value: what cannot be had is refused with its place") {
  CHECK(said_of("param:idd") == "6 the route has no parameter \"idd\"");
  CHECK(said_of("header:a b") == "7 \"a b\" is not a field name");
  CHECK(said_of("consumer:team") == "9 \"team\" is nothing that is known of a consumer; write name, groups or plan");
  CHECK(said_of("claim:") == "6 a name is missing behind the colon");
}
