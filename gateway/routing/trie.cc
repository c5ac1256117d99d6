#include "gateway/routing/trie.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace tandem::routing {
namespace {

using Length = std::uint32_t;  // stands in front of each literal's text

constexpr std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class T>
std::uint64_t read(const char* from) {
  T bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  return bytes;
}

// Up to eight bytes as one number; what is longer is read eight at a time, the last of them overlapping.
std::uint64_t short_text(const char* text, std::size_t size) {
  if (size >= 4) return read<std::uint32_t>(text) << 32 | read<std::uint32_t>(text + size - 4);
  if (size == 0) return 0;
  return read<std::uint8_t>(text) << 16 | read<std::uint8_t>(text + size / 2) << 8 |
         read<std::uint8_t>(text + size - 1);
}

}  // namespace

// The keys in the table come from the configuration alone, so that nobody else can make its chains long.
std::uint64_t Trie::hash_of(NodeIndex parent, std::string_view text) noexcept {
  constexpr std::uint64_t kFirst = 0xa076'1d64'78bd'642f;
  constexpr std::uint64_t kSecond = 0xe703'7ed1'a0b4'28db;
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = (parent + kFirst) ^ left << 32;
  for (; left > 8; left -= 8, at += 8) hash = mixed(hash ^ read<std::uint64_t>(at), kSecond);
  const std::uint64_t end = text.size() > 8 ? read<std::uint64_t>(text.data() + text.size() - 8) : short_text(at, left);
  return mixed(hash ^ end, kFirst);
}

std::string_view Trie::text_of(const TrieNode& node) const noexcept {
  Length size = 0;
  std::memcpy(&size, texts_.data() + node.text, sizeof size);
  return {texts_.data() + node.text + sizeof size, size};
}

NodeIndex Trie::literal(NodeIndex parent, std::string_view text) const noexcept {
  if (slots_.empty()) return kNoNode;
  const std::uint64_t hash = hash_of(parent, text);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask; slots_[i].child != kNoNode; i = (i + 1) & mask) {
    if (slots_[i].tag != tag) continue;
    const TrieNode& child = nodes[slots_[i].child];
    if (child.parent == parent && text_of(child) == text) return slots_[i].child;
  }
  return kNoNode;
}

NodeIndex TrieBuild::new_node() {
  trie.nodes.emplace_back();
  ends.emplace_back();
  return static_cast<NodeIndex>(trie.nodes.size() - 1);
}

NodeIndex TrieBuild::root_of(const MatchPattern& pattern) {
  HostTrees* trees = &trie.any_host;
  if (pattern.host_kind == HostKind::exact) trees = &trie.exact_hosts[pattern.host];
  if (pattern.host_kind == HostKind::wildcard) trees = &trie.wildcard_hosts[pattern.host];
  NodeIndex* root = &trees->any_port;
  if (pattern.port != 0) {
    auto found = std::ranges::find(trees->by_port, pattern.port, &std::pair<std::uint16_t, NodeIndex>::first);
    if (found == trees->by_port.end()) found = trees->by_port.insert(found, {pattern.port, kNoNode});
    root = &found->second;
  }
  if (*root == kNoNode) *root = new_node();
  return *root;
}

NodeIndex TrieBuild::child_of(NodeIndex parent, const Segment& segment) {
  if (segment.kind == SegmentKind::literal) {
    if (const NodeIndex known = trie.literal(parent, segment.text)) return known;
    const NodeIndex child = new_node();
    add_literal(parent, segment.text, child);
    return child;
  }
  const std::size_t slot = TrieNode::slot(segment.kind);
  if (const NodeIndex known = trie.nodes[parent].typed[slot]) return known;
  const NodeIndex child = new_node();
  trie.nodes[parent].typed[slot] = child;
  return child;
}

void TrieBuild::add_literal(NodeIndex parent, std::string_view text, NodeIndex child) {
  TrieNode& node = trie.nodes[child];
  node.parent = parent;
  node.text = static_cast<std::uint32_t>(trie.texts_.size());
  trie.nodes[parent].has_literals = 1;
  const auto size = static_cast<Length>(text.size());
  trie.texts_.append(reinterpret_cast<const char*>(&size), sizeof size);
  trie.texts_ += text;
  if (++literals_ * 2 > trie.slots_.size()) {
    fill_slots(std::max<std::size_t>(16, trie.slots_.size() * 2));
  } else {
    place(child);
  }
}

void TrieBuild::fill_slots(std::size_t size) {
  trie.slots_.assign(size, {});
  for (NodeIndex node = 1; node < trie.nodes.size(); ++node) {
    if (trie.nodes[node].parent != kNoNode) place(node);
  }
}

void TrieBuild::place(NodeIndex child) {
  const TrieNode& node = trie.nodes[child];
  const std::uint64_t hash = Trie::hash_of(node.parent, trie.text_of(node));
  const std::size_t mask = trie.slots_.size() - 1;
  std::size_t i = hash & mask;
  while (trie.slots_[i].child != kNoNode) i = (i + 1) & mask;
  trie.slots_[i] = {static_cast<std::uint32_t>(hash >> 32), child};
}

void TrieBuild::add_route(const MatchPattern& pattern, const Candidate& candidate) {
  NodeIndex node = root_of(pattern);
  bool rest = false;
  for (const Segment& segment : pattern.segments) {
    rest = segment.kind == SegmentKind::rest;
    if (!rest) node = child_of(node, segment);
  }
  (rest ? ends[node].rest : ends[node].here).push_back(candidate);
  node_of_route.push_back(node);
}

// Every node behind its parent, a whole branch before the next one. `order[i]` is the present index of the i-th.
std::vector<NodeIndex> TrieBuild::tree_order() const {
  std::vector<NodeIndex> parents(trie.nodes.size(), kNoNode);
  for (NodeIndex node = 1; node < trie.nodes.size(); ++node) {
    if (trie.nodes[node].parent != kNoNode) parents[node] = trie.nodes[node].parent;
    for (const NodeIndex child : trie.nodes[node].typed) parents[child] = node;
  }
  std::vector<std::vector<NodeIndex>> children(trie.nodes.size());  // of kNoNode: the roots
  for (auto node = static_cast<NodeIndex>(trie.nodes.size() - 1); node > 0; --node) {
    children[parents[node]].push_back(node);
  }
  std::vector<NodeIndex> order{kNoNode};
  std::vector<NodeIndex> waiting = std::move(children[kNoNode]);
  while (!waiting.empty()) {
    const NodeIndex node = waiting.back();
    waiting.pop_back();
    order.push_back(node);
    waiting.insert(waiting.end(), children[node].begin(), children[node].end());
  }
  return order;
}

void TrieBuild::renumber(const std::vector<NodeIndex>& order) {
  std::vector<NodeIndex> now(order.size());
  for (NodeIndex i = 0; i < order.size(); ++i) now[order[i]] = i;
  std::vector<TrieNode> nodes(order.size());
  std::vector<Ends> new_ends(order.size());
  std::string texts;
  for (NodeIndex i = 1; i < order.size(); ++i) {
    TrieNode& node = nodes[i] = trie.nodes[order[i]];
    new_ends[i] = std::move(ends[order[i]]);
    for (NodeIndex& child : node.typed) child = now[child];
    if (node.parent == kNoNode) continue;
    const std::size_t size = sizeof(Length) + trie.text_of(node).size();
    node.parent = now[node.parent];
    const std::size_t begin = texts.size();
    texts.append(trie.texts_, node.text, size);
    node.text = static_cast<std::uint32_t>(begin);
  }
  trie.nodes = std::move(nodes);
  trie.texts_ = std::move(texts);
  ends = std::move(new_ends);
  for (NodeIndex& node : node_of_route) node = now[node];
  const auto renumber_trees = [&now](HostTrees& trees) {
    trees.any_port = now[trees.any_port];
    for (auto& [port, root] : trees.by_port) root = now[root];
  };
  for (HostMap* hosts : {&trie.exact_hosts, &trie.wildcard_hosts}) {
    for (auto& [name, trees] : *hosts) renumber_trees(trees);
  }
  renumber_trees(trie.any_host);
}

EntryIndex TrieBuild::lay_out_run(std::vector<Candidate>& run) {
  if (run.empty()) return kNoEntry;
  std::ranges::sort(run, {}, [](const Candidate& candidate) {
    return std::tuple(!candidate.named, ~candidate.conditions, candidate.route);
  });
  const auto begin = static_cast<EntryIndex>(trie.entries.size());
  for (const Candidate& candidate : run) {
    auto mask = std::ranges::find(trie.masks, candidate.methods);
    if (mask == trie.masks.end()) mask = trie.masks.insert(mask, candidate.methods);
    trie.entries.push_back({.route = candidate.route,
                            .methods = static_cast<std::uint32_t>(mask - trie.masks.begin()),
                            .named = candidate.named,
                            .conditional = candidate.conditions > 0,
                            .last = &candidate == &run.back()});
  }
  return begin;
}

void TrieBuild::lay_out() {
  renumber(tree_order());
  fill_slots(trie.slots_.size());
  trie.entries.assign(1, {});
  for (NodeIndex node = 1; node < trie.nodes.size(); ++node) {
    trie.nodes[node].here = lay_out_run(ends[node].here);
    trie.nodes[node].rest = lay_out_run(ends[node].rest);
  }
}

}  // namespace tandem::routing
