#include "lb/match_table.h"

#include <doctest/doctest.h>

#include "lb/generation.h"

using namespace tandem;
using namespace tandem::lb;

namespace {

// Protocols as they are on the wire.
std::string wire(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += static_cast<char>(name.size()) + name;
  return list;
}

struct Table {
  balance::Upstream upstream{balance::UpstreamOptions{}, nullptr};
  Branch named{upstream, {}}, wildcard{upstream, {}}, h2{upstream, {}}, http1{upstream, {}}, nameless{upstream, {}};
  MatchTable matches;

  Table() {
    matches.add({.sni = {"*.example.com", "*.com"}, .alpn = {}}, wildcard);
    matches.add({.sni = {"a.example.com", "b.example.com"}, .alpn = {}}, named);
    matches.add({.sni = {"a.example.com"}, .alpn = {"h2", "h3"}}, h2);
    matches.add({.sni = {"a.example.com", "only.example.org"}, .alpn = {"http/1.1"}}, http1);
    matches.add({.sni = {}, .alpn = {"acme-tls/1"}}, nameless);
  }
  const Branch* find(std::string_view name, const std::vector<std::string>& protocols = {}) const {
    const std::string list = wire(protocols);
    return matches.find(name, list).branch;
  }
};

}  // namespace

TEST_CASE("match table: the name itself, then one label for the star, then no name") {
  const Table table;
  CHECK(table.find("a.example.com") == &table.named);
  CHECK(table.find("c.example.com") == &table.wildcard);
  CHECK(table.find("example.com") == &table.wildcard);  // by "*.com"
  CHECK(table.find("c.d.example.com") == nullptr);
  CHECK(table.find("com") == nullptr);
  CHECK(table.find("") == nullptr);
  CHECK(table.find("example.net", {"acme-tls/1"}) == &table.nameless);
  CHECK(table.find("", {"h2", "acme-tls/1"}) == &table.nameless);
  CHECK(table.find("c.example.com", {"acme-tls/1"}) == &table.wildcard);  // the name is looked at first
}

TEST_CASE("match table: of the same name the client's order of protocols decides") {
  const Table table;
  CHECK(table.find("a.example.com", {"http/1.1", "h2"}) == &table.http1);
  CHECK(table.find("a.example.com", {"h3", "http/1.1"}) == &table.h2);
  CHECK(table.find("a.example.com", {"\x0a\x0a", "spdy/3"}) == &table.named);
  CHECK(table.find("only.example.org", {"h2"}) == nullptr);
  const std::string list = wire({"spdy/3", "h2"});
  CHECK(table.matches.find("a.example.com", list).protocol == "h2");
  CHECK(table.matches.find("b.example.com", list).protocol == "");
}

TEST_CASE("match table: an empty one is known as such") {
  CHECK(MatchTable().empty());
  CHECK_FALSE(Table().matches.empty());
}
