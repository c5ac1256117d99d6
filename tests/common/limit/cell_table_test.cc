#include "common/limit/cell_table.h"

#include <doctest/doctest.h>

#include <cstring>
#include <mutex>

#include "common/base/id.h"

using namespace tandem::limit;

namespace {

Key key(std::uint64_t number) {
  Key key{};
  std::memcpy(key.data(), &number, sizeof number);
  return key;
}

void put(CellTable& table, const Key& key, std::int64_t word) {
  const std::lock_guard lock(table.mutex_of(key));
  table.put(table.find(key), key, word);
}

std::int64_t word_of(CellTable& table, const Key& key) {
  const std::lock_guard lock(table.mutex_of(key));
  return CellTable::word_in(table.find(key), key);
}

}  // namespace

TEST_CASE("cell table: knows what was put, and nothing of others") {
  CellTable table(1000);
  CHECK(table.cells() == 1024);
  CHECK(word_of(table, key(1)) == 0);
  put(table, key(1), 7);
  put(table, key(1), 5);
  CHECK(word_of(table, key(1)) == 5);
  CHECK(word_of(table, key(2)) == 0);
  CHECK(word_of(table, Key{}) == 0);
  CHECK(table.used() == 1);
}

TEST_CASE("cell table: of half as many keys as it has cells it forgets next to none") {
  CellTable table(200'000);
  constexpr std::uint64_t kKeys = 100'000;
  for (std::uint64_t i = 1; i <= kKeys; ++i) put(table, key(i), static_cast<std::int64_t>(i));
  std::uint64_t known = 0;
  for (std::uint64_t i = 1; i <= kKeys; ++i) known += word_of(table, key(i)) != 0;
  CHECK(known > kKeys * 98 / 100);
  CHECK(table.used() == known);
}

TEST_CASE("cell table: when there is no room, those with the highest words stay") {
  CellTable table(1024);
  for (std::uint64_t i = 1; i <= 100; ++i) put(table, key(i), 1'000'000);
  for (std::uint64_t i = 1000; i < 101'000; ++i) put(table, key(i), 1 + static_cast<std::int64_t>(i % 1000));
  int known = 0;
  for (std::uint64_t i = 1; i <= 100; ++i) known += word_of(table, key(i)) == 1'000'000;
  CHECK(known == 100);
  CHECK(table.used() <= 1024);
}
