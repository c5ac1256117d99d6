#include "common/observe/banner.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::observe;

namespace {
using Lines = std::vector<std::string>;
Address at(const char* text) { return *Address::parse(text); }
}  // namespace

TEST_CASE("banner: the usual configuration starts in six lines at most, those that scripts wait for alone") {
  Lines lines = bound_banner("lb", "0.1.0", "lb.toml", {{"public", at("127.0.0.1:8080")}}, at("127.0.0.1:9901"), false);
  for (auto& line : ready_banner({{"gateways", 2, 2}, {"legacy", 0, 1}})) lines.push_back(line);
  CHECK(lines == Lines{"lb 0.1.0, lb.toml", "listening public 127.0.0.1:8080", "admin 127.0.0.1:9901",
                       "upstreams: gateways 2/2 up, legacy 0/1 up", "ready"});
}

TEST_CASE("banner: many listeners share a line for a person, and have their own for a script") {
  const std::vector<BoundListener> three = {{"a", at(":1")}, {"b", at(":2")}, {"c", at("[::1]:3")}};
  CHECK(bound_banner("lb", "0.1.0", "", three, std::nullopt, true) ==
        Lines{"lb 0.1.0", "listening a :1, b :2, c [::1]:3"});
  CHECK(bound_banner("lb", "0.1.0", "", three, std::nullopt, false) ==
        Lines{"lb 0.1.0", "listening a :1", "listening b :2", "listening c [::1]:3"});
}

TEST_CASE("banner: many upstreams stay one line") {
  std::vector<UpstreamSummary> many;
  for (int i = 0; i < 10; ++i) many.push_back({"u" + std::to_string(i), 1, 1});
  const Lines lines = ready_banner(many);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].ends_with("u7 1/1 up, and 2 more"));
  CHECK(ready_banner({}) == Lines{"ready"});
}
