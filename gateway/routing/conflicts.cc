#include "gateway/routing/conflicts.h"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::routing {
namespace {

bool disjoint(const std::vector<Condition>& a, const std::vector<Condition>& b) {
  return std::ranges::any_of(a, [&](const Condition& one) {
    return std::ranges::any_of(
        b, [&](const Condition& other) { return same_field(one, other) && one.value != other.value; });
  });
}

// Whether all of `part` stands in `whole`: then `part` holds whenever `whole` does.
bool implied(const std::vector<Condition>& part, const std::vector<Condition>& whole) {
  return std::ranges::all_of(part, [&](const Condition& one) {
    return std::ranges::any_of(
        whole, [&](const Condition& other) { return same_field(one, other) && one.value == other.value; });
  });
}

class Finder {
 public:
  Finder(const ConflictInput& input, std::vector<Conflict>& out) : in_(input), trie_(input.build.trie), out_(out) {
    is_root_.resize(trie_.nodes.size());
    mark_roots(trie_.any_host);
    for (const auto& [name, trees] : trie_.exact_hosts) mark_roots(trees);
    for (const auto& [name, trees] : trie_.wildcard_hosts) mark_roots(trees);
  }

  void run() {
    for (std::uint32_t route = 0; route < in_.routes.size(); ++route) {
      repeated_condition(route);
      ports(route);
    }
    for (NodeIndex node = 1; node < trie_.nodes.size(); ++node) {
      ties(in_.build.ends[node].here);
      ties(in_.build.ends[node].rest);
      for (const Candidate& candidate : in_.build.ends[node].rest) taken_rest(node, candidate);
    }
    std::ranges::sort(out_, {}, [](const Conflict& conflict) { return std::pair(conflict.route, conflict.kind); });
  }

 private:
  void mark_roots(const HostTrees& trees) {
    is_root_[trees.any_port] = true;
    for (const auto& [port, root] : trees.by_port) is_root_[root] = true;
  }

  void repeated_condition(std::uint32_t route);
  void ports(std::uint32_t route);
  void ties(const std::vector<Candidate>& candidates);
  bool tie(const Candidate& a, const Candidate& b) const;
  void taken_rest(NodeIndex node, const Candidate& candidate);

  // Whether requests for `route` with these paths always go to another one; those others are gathered in `others_`.
  bool covered(const std::vector<Candidate>& candidates, const Candidate& route);
  bool all_below_covered(NodeIndex node, const Candidate& route);
  bool all_ports_covered(const HostTrees& trees, const Candidate& route);
  NodeIndex walk(NodeIndex node, const MatchPattern& pattern) const;

  const std::vector<Condition>& when(const Candidate& candidate) const { return in_.routes[candidate.route].when; }
  MethodMask with_head(MethodMask mask) const { return mask & in_.methods.get() ? mask | in_.methods.head() : mask; }

  const ConflictInput& in_;
  const Trie& trie_;
  std::vector<Conflict>& out_;
  std::vector<bool> is_root_;
  std::vector<std::uint32_t> others_;
};

void Finder::repeated_condition(std::uint32_t route) {
  const std::vector<Condition>& when = in_.routes[route].when;
  for (std::size_t i = 0; i < when.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!same_field(when[i], when[j])) continue;
      out_.push_back({Conflict::Kind::invalid, route, {}, fmt::format("`when` tests \"{}\" twice", when[i].name)});
      return;
    }
  }
}

void Finder::ports(std::uint32_t route) {
  if (in_.ports.empty()) return;
  const MatchPattern& pattern = in_.routes[route].pattern;
  if (pattern.port != 0) {
    if (std::ranges::find(in_.ports, pattern.port) == in_.ports.end()) {
      out_.push_back({Conflict::Kind::unreachable,
                      route,
                      {},
                      fmt::format("can never be chosen: no listener has port {}", pattern.port)});
    }
    return;
  }
  if (pattern.host_kind == HostKind::any) return;
  const HostMap& hosts = pattern.host_kind == HostKind::exact ? trie_.exact_hosts : trie_.wildcard_hosts;
  const NodeIndex node = in_.build.node_of_route[route];
  const auto& ends = in_.build.ends[node];
  for (const auto* list : {&ends.here, &ends.rest}) {
    for (const Candidate& candidate : *list) {
      others_.clear();
      if (candidate.route != route || !all_ports_covered(hosts.at(pattern.host), candidate)) continue;
      out_.push_back({Conflict::Kind::unreachable, route, others_,
                      "can never be chosen: for every listener's port another route takes its requests"});
    }
  }
}

bool Finder::all_ports_covered(const HostTrees& trees, const Candidate& route) {
  const MatchPattern& pattern = in_.routes[route.route].pattern;
  const bool rest = !pattern.segments.empty() && pattern.segments.back().kind == SegmentKind::rest;
  return std::ranges::all_of(in_.ports, [&](std::uint16_t port) {
    const auto tree = std::ranges::find(trees.by_port, port, &std::pair<std::uint16_t, NodeIndex>::first);
    const NodeIndex node = tree == trees.by_port.end() ? kNoNode : walk(tree->second, pattern);
    return node != kNoNode && covered(rest ? in_.build.ends[node].rest : in_.build.ends[node].here, route);
  });
}

NodeIndex Finder::walk(NodeIndex node, const MatchPattern& pattern) const {
  for (const Segment& segment : pattern.segments) {
    if (node == kNoNode || segment.kind == SegmentKind::rest) break;
    node = segment.kind == SegmentKind::literal ? trie_.literal(node, segment.text)
                                                : trie_.nodes[node].typed[TrieNode::slot(segment.kind)];
  }
  return node;
}

bool Finder::tie(const Candidate& a, const Candidate& b) const {
  if (a.named != b.named || a.conditions != b.conditions) return false;
  return (a.methods & b.methods) != kNoMethod && !disjoint(when(a), when(b));
}

void Finder::ties(const std::vector<Candidate>& candidates) {
  for (const Candidate& later : candidates) {
    Conflict conflict{Conflict::Kind::tie, later.route, {}, {}};
    for (const Candidate& earlier : candidates) {
      if (earlier.route >= later.route || !tie(earlier, later)) continue;
      conflict.others.push_back(earlier.route);
      if (!conflict.why.empty()) continue;
      conflict.why = fmt::format("both match {} on the same host and path",
                                 later.named ? in_.methods.names(earlier.methods & later.methods) : "any method");
      if (later.conditions > 0) conflict.why += " under as many conditions, none of which excludes the other's";
    }
    if (conflict.others.empty()) continue;
    std::ranges::sort(conflict.others);
    out_.push_back(std::move(conflict));
  }
}

bool Finder::covered(const std::vector<Candidate>& candidates, const Candidate& route) {
  MethodMask taken = kNoMethod;
  for (const Candidate& other : candidates) {
    if ((route.named || !other.named) && implied(when(other), when(route))) {
      taken |= with_head(other.methods);
      others_.push_back(other.route);
    }
  }
  const MethodMask wanted = with_head(route.methods);
  return (taken & wanted) == wanted;
}

// Whether every path that continues behind `node`, by no, one or many segments, goes to other routes than `route`.
// Only an untyped parameter takes every segment; an empty one can only be the last, because "//" becomes "/".
bool Finder::all_below_covered(NodeIndex index, const Candidate& route) {
  const TrieNode& node = trie_.nodes[index];
  if (!is_root_[index] && !covered(in_.build.ends[index].here, route)) return false;
  const NodeIndex slash = node.has_literals ? trie_.literal(index, "") : kNoNode;
  if (slash == kNoNode || !covered(in_.build.ends[slash].here, route)) return false;
  const NodeIndex any = node.typed[TrieNode::slot(SegmentKind::text)];
  if (any == kNoNode) return false;
  return covered(in_.build.ends[any].rest, route) || all_below_covered(any, route);
}

void Finder::taken_rest(NodeIndex node, const Candidate& candidate) {
  others_.clear();
  if (!all_below_covered(node, candidate)) return;
  std::ranges::sort(others_);
  const auto twice = std::ranges::unique(others_);
  others_.erase(twice.begin(), twice.end());
  out_.push_back({Conflict::Kind::unreachable, candidate.route, others_,
                  "can never be chosen: more specific routes take every path of it"});
}

}  // namespace

void find_conflicts(const ConflictInput& input, std::vector<Conflict>& conflicts) { Finder(input, conflicts).run(); }

}  // namespace tandem::routing
