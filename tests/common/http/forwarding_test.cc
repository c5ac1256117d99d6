#include "common/http/forwarding.h"

#include <vector>

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::http;

namespace {

const std::vector<IpPrefix> kTrusted = {*IpPrefix::parse("10.0.0.0/8"), *IpPrefix::parse("fd00::/8")};

std::string client(std::string_view peer, std::initializer_list<std::string_view> lists) {
  Fields fields;
  for (const auto list : lists) fields.add("X-Forwarded-For", list);
  return client_address(*IpAddress::parse(peer), fields, kTrusted).to_string();
}

}  // namespace

TEST_CASE("forwarding: the client is the first address from the right that is not a trusted proxy") {
  CHECK(client("10.0.0.1", {}) == "10.0.0.1");
  CHECK(client("10.0.0.1", {"1.2.3.4"}) == "1.2.3.4");
  CHECK(client("10.0.0.1", {"9.9.9.9, 1.2.3.4, 10.0.0.2"}) == "1.2.3.4");
  CHECK(client("10.0.0.1", {"9.9.9.9", "1.2.3.4", "10.0.0.2, 10.0.0.3"}) == "1.2.3.4");
  CHECK(client("10.0.0.1", {"10.0.0.9,10.0.0.8"}) == "10.0.0.9");
  CHECK(client("fd00::1", {"[2001:db8::5]:443"}) == "2001:db8::5");
  CHECK(client("10.0.0.1", {"1.2.3.4:5678"}) == "1.2.3.4");
}

TEST_CASE("forwarding threats: an untrusted peer's word counts for nothing, junk ends the walk") {
  CHECK(client("8.8.8.8", {"1.2.3.4"}) == "8.8.8.8");
  CHECK(client("8.8.8.8", {"10.0.0.2"}) == "8.8.8.8");
  CHECK(client("10.0.0.1", {"1.2.3.4, unknown"}) == "10.0.0.1");
  CHECK(client("10.0.0.1", {"1.2.3.4, junk, 10.0.0.2"}) == "10.0.0.2");
  CHECK(client("10.0.0.1", {"1.2.3.4,"}) == "10.0.0.1");
  CHECK(client("10.0.0.1", {"[::1"}) == "10.0.0.1");
}

TEST_CASE("forwarding: a trusted peer's list is continued, anybody else's is replaced") {
  RequestHead head;
  head.authority = "Shop:8080";
  head.fields.add("X-Forwarded-For", "1.2.3.4");
  head.fields.add("X-Forwarded-Proto", "https");
  head.fields.add("X-Forwarded-Host", "front");
  head.fields.add("Via", "1.1 a");
  const auto near = forwarding_of(head, *IpAddress::parse("10.0.0.1"), kTrusted, false, "gw");
  CHECK(near.forwarded_for == "1.2.3.4, 10.0.0.1");
  CHECK(near.forwarded_proto == "https");
  CHECK(near.forwarded_host == "front");
  CHECK(near.via == "1.1 a, 1.1 gw");
  const auto far = forwarding_of(head, *IpAddress::parse("8.8.8.8"), kTrusted, false, "gw");
  CHECK(far.forwarded_for == "8.8.8.8");
  CHECK(far.forwarded_proto == "http");
  CHECK(far.forwarded_host == "Shop:8080");
  CHECK(request_id("c7", 3) == "c7-3");
}

TEST_CASE("forwarding threats: forged identity is removed in every spelling") {
  Fields fields;
  for (const char* name :
       {"X-Forwarded-For", "x-forwarded-for", "X_Forwarded_For", "X-Forwarded-Prefix", "x-forwarded-anything",
        "Forwarded", "X-Real-IP", "X_Real_IP", "X-Client-Cert", "X_User", "Via", "X-Request-Id"}) {
    fields.add(name, "x");
  }
  fields.add("Accept", "a");
  fields.add("X-Forward", "b");
  remove_forwarding_fields(fields);
  REQUIRE(fields.size() == 2);
  CHECK(fields[0].name == "Accept");
  CHECK(fields[1].name == "X-Forward");
}

TEST_CASE("forwarding: a request that has been here is known by its Via") {
  Fields fields;
  fields.add("Via", "1.0 fred, 1.1 gw-1 (Tandem)");
  CHECK(has_passed(fields, "gw-1"));
  CHECK(has_passed(fields, "fred"));
  CHECK_FALSE(has_passed(fields, "gw"));
  CHECK_FALSE(has_passed({}, "gw"));
}
