#include <doctest/doctest.h>

#include <thread>

#include "gateway/cache/store.h"

using namespace tandem;
using namespace tandem::cache;

namespace {

struct Answer {
  http::Fields fields;
  Policy policy{.lifetime = 60};
  Selection selection;
};

std::shared_ptr<const Entry> make(Store& store, const Answer& answer, std::size_t size) {
  auto head = std::make_shared<StoredHead>(StoredHead::Parts{.status = 200,
                                                             .fields = answer.fields,
                                                             .directives = {},
                                                             .policy = answer.policy,
                                                             .selection = answer.selection,
                                                             .received = now(),
                                                             .date = "Tue, 24 Nov 2026 03:31:56 GMT"});
  auto room = store.take(head->cost());
  if (!room) return nullptr;
  head->charge(std::move(*room));
  auto body = std::make_shared<Body>();
  body->size = size;
  for (std::size_t at = 0; at < size; at += kBlockSize) {
    const std::size_t piece = std::min(size - at, kBlockSize);
    auto charge = store.take(Block::cost(piece));
    if (!charge) return nullptr;
    body->blocks.push_back(std::make_shared<Block>(std::move(*charge), piece));
  }
  return std::make_shared<const Entry>(std::move(head), std::move(body));
}

// Stores an answer as a flight of its own would.
std::shared_ptr<const Entry> put(Store& store, const Key& key, const Answer& answer = {}, std::size_t size = 100) {
  auto joined = store.join(key, {}, nullptr);
  if (joined.entry) return joined.entry;
  auto entry = make(store, answer, size);
  if (entry) {
    store.land(joined.flight, entry);
  } else {
    store.leave(joined.flight);
  }
  return entry;
}

Key key(std::string_view path, std::string_view caller = {}) {
  Key made("http://a.example" + std::string(path), "route");
  if (!caller.empty()) made.split_by_caller(caller);
  return made;
}

Selection chosen_by(std::string_view name, std::string_view value) {
  http::Fields answer, request;
  answer.add("Vary", name);
  request.add(name, value);
  return *selection_of(answer, request);
}

}  // namespace

TEST_CASE("what is held never exceeds the size, to the byte, and all of it is given back") {
  Store store("c");
  store.configure({.size = 256 * 1024, .max_object = 64 * 1024, .stale = {}});
  for (int i = 0; i < 2000; ++i) {
    put(store, key("/" + std::to_string(i)), {}, static_cast<std::size_t>(i * 37 % 20'000));
    REQUIRE(store.totals().bytes <= 256 * 1024);
  }
  CHECK(store.totals().entries > 5);
  CHECK(store.totals().evicted > 100);
  store.purge_prefix("http://");
  CHECK(store.totals().bytes == 0);
}

TEST_CASE("purging by prefix gives everything back") {
  Store store("c");
  for (int i = 0; i < 100; ++i) put(store, key("/" + std::to_string(i)), {}, 1000);
  CHECK(store.totals().entries == 100);
  CHECK(store.purge_prefix("http://a.example/1") == 11);
  CHECK(store.purge_prefix("http://") == 89);
  CHECK(store.totals().bytes == 0);
}

TEST_CASE("what is evicted while somebody still has it counts until it is let go") {
  Store store("c");
  store.configure({.size = 100 * 1024, .max_object = 50 * 1024, .stale = {}});
  auto held = put(store, key("/held"), {}, 40 * 1024);
  store.purge_url("http://a.example/held");
  CHECK(store.totals().entries == 0);
  CHECK(store.totals().bytes > 40 * 1024);
  held.reset();
  CHECK(store.totals().bytes == 0);
}

TEST_CASE("a smaller size takes effect at once") {
  Store store("c");
  for (int i = 0; i < 100; ++i) put(store, key("/" + std::to_string(i)), {}, 10'000);
  store.configure({.size = 200'000, .max_object = 1000, .stale = {}});
  CHECK(store.totals().bytes <= 200'000);
  CHECK(store.totals().entries > 10);
}

TEST_CASE("what is given back stays away until more may be taken, and never more than the size") {
  Store store("c");
  store.configure({.size = 200'000, .max_object = 20'000, .stale = {}});
  auto fill = [&, next = 0]() mutable {
    for (int i = 0; i < 100; ++i) put(store, key("/" + std::to_string(next++)), {}, 10'000);
    return store.totals().bytes;
  };
  CHECK(fill() > 150'000);
  store.shrink_by(100'000);
  CHECK(store.totals().bytes <= 100'000);
  CHECK(fill() <= 100'000);
  CHECK(store.totals().size == 200'000);
  store.grow_by(50'000);
  CHECK(fill() > 100'000);
  store.grow_by(1'000'000);
  CHECK(store.totals().limit == 200'000);
}

TEST_CASE("of several caches each gives back by what it holds") {
  const std::vector<std::shared_ptr<Store>> stores = {std::make_shared<Store>("a"), std::make_shared<Store>("b")};
  for (int i = 0; i < 40; ++i) put(*stores[0], key("/" + std::to_string(i)), {}, 10'000);
  for (int i = 0; i < 20; ++i) put(*stores[1], key("/" + std::to_string(i)), {}, 10'000);
  shrink(stores, 300'000);
  CHECK(stores[0]->totals().entries >= 18);
  CHECK(stores[0]->totals().entries <= 21);
  CHECK(stores[1]->totals().entries >= 8);
  CHECK(stores[1]->totals().entries <= 11);
}

TEST_CASE("variants lie side by side, and one that was chosen alike replaces the other") {
  Store store("c");
  http::Fields de, en;
  de.add("Accept-Language", "de");
  en.add("Accept-Language", "en");
  Answer german{.fields = {}, .selection = chosen_by("Accept-Language", "de")};
  Answer english{.fields = {}, .selection = chosen_by("Accept-Language", "en")};
  const auto first = put(store, key("/x"), german);
  const auto second = put(store, key("/x"), english);
  CHECK(store.find(key("/x"), de) == first);
  CHECK(store.find(key("/x"), en) == second);
  CHECK(store.find(key("/x"), {}) == nullptr);
  const auto third = put(store, key("/x"), german);
  CHECK(store.find(key("/x"), de) == third);
  CHECK(store.totals().entries == 2);
  for (int i = 0; i < 200; ++i) {
    put(store, key("/x"), {.fields = {}, .selection = chosen_by("Accept-Language", std::to_string(i))});
  }
  CHECK(store.totals().entries == kMostVariants);
}

TEST_CASE("callers have their own, unless the answer is public") {
  Store store("c");
  const auto ann = put(store, key("/me", "ann"));
  CHECK(store.find(key("/me", "ann"), {}) == ann);
  CHECK(store.find(key("/me", "bob"), {}) == nullptr);
  CHECK(store.find(key("/me"), {}) == nullptr);
  const auto all =
      put(store, key("/news", "ann"), {.fields = {}, .policy = {.lifetime = 60, .is_public = true}, .selection = {}});
  CHECK(store.find(key("/news", "bob"), {}) == all);
  CHECK(store.purge_url("http://a.example/me") == 1);
}

TEST_CASE("a flight that was purged on its way stores nothing, and nobody joins it") {
  Store store("c");
  auto joined = store.join(key("/x"), {}, nullptr);
  CHECK(joined.leads);
  CHECK_FALSE(store.join(key("/x"), {}, nullptr).leads);
  store.purge_url("http://a.example/x");
  CHECK(store.join(key("/x"), {}, nullptr).leads);
  CHECK_FALSE(store.land(joined.flight, make(store, {}, 10)));
  CHECK(store.find(key("/x"), {}) == nullptr);
}

TEST_CASE("groups are purged as a whole, of one origin or of all") {
  Store store("c");
  Answer answer;
  answer.fields.add("Cache-Groups", "\"one\", \"two\"");
  put(store, key("/1"), answer);
  put(store, key("/2"), answer);
  put(store, key("/3"));
  CHECK(store.purge_group("two", "http://b.example") == 0);
  CHECK(store.purge_group("two", "http://a.example") == 2);
  CHECK(store.purge_group("one") == 0);
  CHECK(store.totals().entries == 1);
}

TEST_CASE("what could not be stored is remembered for a while") {
  Store store("c");
  const Instant at = now();
  CHECK_FALSE(store.passes(key("/x"), at));
  store.mark_passed(key("/x"), at + std::chrono::seconds(10));
  CHECK(store.passes(key("/x"), at));
  CHECK_FALSE(store.passes(key("/x"), at + std::chrono::seconds(10)));
  store.unmark(key("/x"));
  CHECK_FALSE(store.passes(key("/x"), at));
}

TEST_CASE("many threads may find, store and purge at once") {
  Store store("c");
  store.configure({.size = 300'000, .max_object = 10'000, .stale = {}});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 3000; ++i) {
        const Key one = key("/" + std::to_string((i * 7 + t) % 200));
        if (!store.find(one, {})) put(store, one, {}, static_cast<std::size_t>(i % 5000));
        if (i % 500 == 0) store.purge_prefix("http://a.example/1");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(store.totals().bytes <= 300'000);
  CHECK(store.totals().flights == 0);
  store.purge_prefix("");
  CHECK(store.totals().bytes == 0);
}
