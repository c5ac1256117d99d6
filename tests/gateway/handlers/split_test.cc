#include "gateway/handlers/split.h"

#include <doctest/doctest.h>

#include "common/balance/source_hash.h"

using namespace tandem;

namespace {

balance::Upstream& upstream(const std::string& name, balance::CheckKind check = balance::CheckKind::off) {
  static std::vector<std::unique_ptr<balance::Upstream>> all;
  balance::UpstreamOptions options;
  options.name = name;
  options.servers.push_back({.address = *Address::parse("127.0.0.1:9001"), .name = name});
  options.health.check = check;
  all.push_back(std::make_unique<balance::Upstream>(std::move(options)));
  all.back()->refresh(now());
  return *all.back();
}

struct Part {
  std::string name;
  std::uint32_t weight;
};

gateway::Split split(const std::vector<Part>& parts, const std::string& down = "") {
  std::vector<gateway::Split::Target> targets;
  for (const Part& part : parts) {
    const auto check = part.name == down ? balance::CheckKind::tcp : balance::CheckKind::off;
    targets.push_back({part.name, part.weight, &upstream(part.name, check), nullptr});
  }
  return {std::move(targets), {gateway::KeyConfig::Kind::caller, {}}};
}

// Where each of 20,000 clients goes, by name.
std::vector<std::string> lanes(const std::vector<Part>& parts, const std::string& down = "") {
  const gateway::Split made = split(parts, down);
  std::vector<std::string> names;
  for (int client = 0; client < 20'000; ++client) {
    names.push_back(parts[made.of_key(balance::text_key(std::to_string(client)))].name);
  }
  return names;
}

double share(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<double>(std::ranges::count(names, name)) / static_cast<double>(names.size());
}

}  // namespace

TEST_CASE("split: clients are shared out by weight, whatever the order of the targets") {
  const auto names = lanes({{"a", 90}, {"b", 10}, {"c", 0}});
  CHECK(share(names, "b") == doctest::Approx(0.1).epsilon(0.1));
  CHECK(share(names, "c") == 0);
  CHECK(names == lanes({{"c", 0}, {"b", 10}, {"a", 90}}));
}

TEST_CASE("split: more weight for one target moves clients to it only") {
  const auto before = lanes({{"a", 80}, {"b", 10}, {"c", 10}});
  const auto after = lanes({{"a", 80}, {"b", 40}, {"c", 10}});
  std::size_t moved = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;
    ++moved;
    CHECK(after[i] == "b");
  }
  CHECK(static_cast<double>(moved) / static_cast<double>(before.size()) ==
        doctest::Approx(40.0 / 130 - 0.1).epsilon(0.1));
}

TEST_CASE("split: while a target has no server its clients go elsewhere, and nobody else's do") {
  const auto up = lanes({{"a", 1}, {"b", 1}, {"c", 1}});
  const auto down = lanes({{"a", 1}, {"b", 1}, {"c", 1}}, "c");
  CHECK(share(down, "c") == 0);
  for (std::size_t i = 0; i < up.size(); ++i) {
    if (up[i] != "c") CHECK(down[i] == up[i]);
  }
}
