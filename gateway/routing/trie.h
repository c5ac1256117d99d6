// How routes lie in memory once they are compiled: per host (and port) a tree whose edges are path segments. Flat
// arrays and indexes, no pointers; built once, then only read, by all workers. What one lookup touches lies close
// together, so that 10,000 routes cost few cache misses more than 10. Private to the routing room.
//
//   hosts ──> root ──"users"──> node ──{:uint}──> node    node.here: routes whose path ends here
//                        └──────{}──────> …               node.rest: routes whose {x...} begins here
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/routing/methods.h"
#include "gateway/routing/pattern.h"

namespace tandem::routing {

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNoNode = 0;  // nodes[0] is never used, so that zero can say "none"

// One route at the place where its path ends, while a table is built.
struct Candidate {
  MethodMask methods = kAnyMethod;
  std::uint32_t route = 0;
  std::uint32_t conditions = 0;
  bool named = false;  // the route names its methods
};

// The same in a finished table. A run of them ends with the one that is marked: named before any method, then more
// conditions first.
struct Entry {
  std::uint32_t route = 0;
  std::uint32_t methods : 29 = 0;  // index into Trie::masks
  std::uint32_t named : 1 = 0;
  std::uint32_t conditional : 1 = 0;
  std::uint32_t last : 1 = 0;
};
using EntryIndex = std::uint32_t;
inline constexpr EntryIndex kNoEntry = 0;  // entries[0] is never used

struct TrieNode {
  std::array<NodeIndex, 4> typed{};  // children by SegmentKind: uint, uuid, slug, text
  EntryIndex here = kNoEntry;
  EntryIndex rest = kNoEntry;
  NodeIndex parent = kNoNode;          // of a node that a literal leads to,
  std::uint32_t text : 31 = 0;         // and where that literal begins in Trie::texts
  std::uint32_t has_literals : 1 = 0;  // there are literal edges from here

  static std::size_t slot(SegmentKind kind) { return static_cast<std::size_t>(kind) - 1; }
};
static_assert(sizeof(TrieNode) == 32, "two share a cache line");

// The trees of one host name: those of a port are looked at first.
struct HostTrees {
  NodeIndex any_port = kNoNode;
  std::vector<std::pair<std::uint16_t, NodeIndex>> by_port;
};

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
using HostMap = std::unordered_map<std::string, HostTrees, StringHash, std::equal_to<>>;

class Trie {
 public:
  // The node that the literal `text` leads to from `parent`. Finding one costs the same among 10 and 10,000: all
  // literal edges of all trees stand in one open-addressed table.
  NodeIndex literal(NodeIndex parent, std::string_view text) const noexcept;

  std::vector<TrieNode> nodes{1};
  std::vector<Entry> entries{1};
  std::vector<MethodMask> masks;
  HostMap exact_hosts;
  HostMap wildcard_hosts;  // by what follows "*."
  HostTrees any_host;

 private:
  friend struct TrieBuild;

  struct Slot {
    std::uint32_t tag = 0;  // the hash's upper half
    NodeIndex child = kNoNode;
  };
  static std::uint64_t hash_of(NodeIndex parent, std::string_view text) noexcept;
  std::string_view text_of(const TrieNode& node) const noexcept;

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::string texts_;        // each behind its length
};

// A table on its way: candidates are gathered per node before they are laid out.
struct TrieBuild {
  struct Ends {
    std::vector<Candidate> here, rest;
  };
  Trie trie;
  std::vector<Ends> ends{1};             // by node
  std::vector<NodeIndex> node_of_route;  // where the route's candidate lies

  // Adds a route whose methods are interned already. Its index is the number of routes added before.
  void add_route(const MatchPattern& pattern, const Candidate& candidate);
  // Sorts every node's candidates by precedence and lays everything out in the order of the trees, whatever the order
  // of the routes was. `ends` and `node_of_route` stay, with the new numbers of the nodes.
  void lay_out();

 private:
  NodeIndex new_node();
  NodeIndex root_of(const MatchPattern& pattern);
  NodeIndex child_of(NodeIndex parent, const Segment& segment);
  void add_literal(NodeIndex parent, std::string_view text, NodeIndex child);
  void fill_slots(std::size_t size);
  void place(NodeIndex child);
  std::vector<NodeIndex> tree_order() const;
  void renumber(const std::vector<NodeIndex>& order);
  EntryIndex lay_out_run(std::vector<Candidate>& run);

  std::size_t literals_ = 0;
};

}  // namespace tandem::routing
