#include "lb/open_connections.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::lb;
using namespace std::chrono_literals;

namespace {

const Instant kNow = Instant(1h);

OpenConnection connection(int number, Duration age, Duration waiting = 0s) {
  OpenConnection made;
  made.accepted = kNow - age;
  made.waiting = waiting;
  made.id = std::to_string(number);
  made.listener = "l";
  made.phase = "open";
  return made;
}

std::string text(const OpenConnections& all, std::size_t open) {
  std::string out;
  JsonWriter json(out);
  all.write(json, open);
  return out;
}

// The ids in the list, in its order.
std::string ids(const std::string& json, std::string_view list) {
  const auto begin = json.find("\"" + std::string(list) + "\"");
  std::string found;
  for (auto at = begin; (at = json.find("\"id\":\"", at)) < json.find(']', begin); ++at) found += json[at + 6];
  return found;
}

}  // namespace

TEST_CASE("connections: the newest and the slowest are kept, over all workers") {
  OpenConnections one(2, kNow);
  OpenConnections other(2, kNow);
  one.add(connection(1, 5s, 4s));
  one.add(connection(2, 1s));
  one.add(connection(3, 3s));
  other.add(connection(4, 2s));
  other.add(connection(5, 9s, 1s));
  other.add(connection(6, 8s, 7s));
  OpenConnections all(2, kNow);
  all.add_all(one);
  all.add_all(other);
  const std::string json = text(all, 6);
  CHECK(ids(json, "newest") == "24");
  CHECK(ids(json, "slowest") == "61");
  CHECK(json.starts_with("{\"open\":6,"));
}

TEST_CASE("connections: what would not be kept is not asked for") {
  OpenConnections all(1, kNow);
  CHECK(all.wants(kNow - 5s, 0s));
  all.add(connection(1, 5s, 3s));
  CHECK_FALSE(all.wants(kNow - 6s, 0s));
  CHECK_FALSE(all.wants(kNow - 6s, 2s));
  CHECK(all.wants(kNow - 6s, 4s));
  CHECK(all.wants(kNow - 4s, 0s));
}

TEST_CASE("connections: a look ends, however many are open") {
  OpenConnections all(1, kNow);
  std::size_t looked = 0;
  while (all.look()) ++looked;
  CHECK(looked == OpenConnections::kMostLookedAt);
}
