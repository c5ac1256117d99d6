#include "gateway/routing/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/routing/conflicts.h"

namespace tandem::routing {

// One walk for one request: depth first in the order of precedence, so that the first candidate that takes the request
// is the most specific one. Every node is seen at most once.
class Search {
 public:
  Search(const RouteTable& table, const RouteRequest& request, Params& params)
      : table_(table),
        trie_(table.trie_),
        request_(request),
        params_(params),
        bit_(table.methods_.bit(request.method)),
        is_head_(bit_ == table.methods_.head()) {}

  Lookup run() {
    if (request_.path.starts_with('/') && !hosts() && allowed_ != kNoMethod) {
      result_.outcome = Lookup::Outcome::method_not_allowed;
      result_.allowed = allowed_;
    }
    return result_;
  }

 private:
  // Each of these says whether the search is over.
  bool hosts();
  bool host(const HostTrees& trees);
  bool host(const HostMap& map, std::string_view name);
  bool descend(NodeIndex index, std::size_t at, std::uint32_t captured);
  bool descend_typed(const TrieNode& node, std::string_view segment, std::size_t next, std::uint32_t captured);
  bool choose(EntryIndex run, std::uint32_t captured);
  bool choose_by(const Entry* entry, MethodMask bit, std::uint32_t captured);

  Tested conditions(const Entry& entry);
  void note_allowed(const Entry* entry);

  const RouteTable& table_;
  const Trie& trie_;
  const RouteRequest& request_;
  Params& params_;
  const MethodMask bit_;  // kNoMethod for a method that no route names
  const bool is_head_;
  MethodMask allowed_ = kNoMethod;
  const Condition* repeated_ = nullptr;
  Lookup result_;
};

bool Search::hosts() {
  if (!request_.host.empty()) {
    if (host(trie_.exact_hosts, request_.host)) return true;
    const std::size_t dot = request_.host.find('.');
    if (dot != 0 && dot != std::string_view::npos && host(trie_.wildcard_hosts, request_.host.substr(dot + 1))) {
      return true;
    }
  }
  return host(trie_.any_host);
}

bool Search::host(const HostMap& map, std::string_view name) {
  if (map.empty()) return false;
  const auto found = map.find(name);
  return found != map.end() && host(found->second);
}

bool Search::host(const HostTrees& trees) {
  for (const auto& [port, root] : trees.by_port) {
    if (port == request_.port && descend(root, 1, 0)) return true;
  }
  return trees.any_port != kNoNode && descend(trees.any_port, 1, 0);
}

// `at` is where the next segment begins; one beyond the path's end when there is none. The depth is bounded by the
// tree's, whatever the path.
bool Search::descend(NodeIndex index, std::size_t at, std::uint32_t captured) {
  const TrieNode& node = trie_.nodes[index];
  if (at > request_.path.size()) {
    if (choose(node.here, captured)) return true;
    if (node.rest == kNoEntry) return false;
    params_.values[captured] = {};
    return choose(node.rest, captured + 1);
  }
  const std::string_view remainder = request_.path.substr(at);
  const std::string_view segment = remainder.substr(0, remainder.find('/'));
  const std::size_t next = at + segment.size() + 1;
  if (node.has_literals) {
    const NodeIndex child = trie_.literal(index, segment);
    if (child != kNoNode && descend(child, next, captured)) return true;
  }
  if (!segment.empty() && descend_typed(node, segment, next, captured)) return true;
  if (node.rest == kNoEntry) return false;
  params_.values[captured] = remainder;
  return choose(node.rest, captured + 1);
}

bool Search::descend_typed(const TrieNode& node, std::string_view segment, std::size_t next, std::uint32_t captured) {
  const auto [uint, uuid, slug, text] = node.typed;
  const auto follow = [&](NodeIndex child) {
    params_.values[captured] = segment;
    return descend(child, next, captured + 1);
  };
  if (uint != kNoNode && is_uint(segment) && follow(uint)) return true;
  if (uuid != kNoNode && is_uuid(segment) && follow(uuid)) return true;
  if (slug != kNoNode && is_slug(segment) && follow(slug)) return true;
  return text != kNoNode && follow(text);
}

bool Search::choose(EntryIndex run, std::uint32_t captured) {
  if (run == kNoEntry) return false;
  const Entry* first = &trie_.entries[run];
  if (bit_ != kNoMethod && choose_by(first, bit_, captured)) return true;
  if (is_head_ && choose_by(first, table_.methods_.get(), captured)) return true;
  if (choose_by(first, kNoMethod, captured)) return true;
  note_allowed(first);
  return false;
}

// The first entry of the run that names the method (kNoMethod: that names none) and whose conditions hold.
bool Search::choose_by(const Entry* entry, MethodMask bit, std::uint32_t captured) {
  for (bool more = true; more; more = !entry++->last) {
    if (bit == kNoMethod ? entry->named : !entry->named || !(trie_.masks[entry->methods] & bit)) continue;
    const Tested tested = conditions(*entry);
    if (tested == Tested::differs) continue;
    result_.route = entry->route;
    result_.outcome = tested == Tested::holds ? Lookup::Outcome::route : Lookup::Outcome::repeated_field;
    result_.repeated = repeated_;
    params_.count = captured;
    return true;
  }
  return false;
}

Tested Search::conditions(const Entry& entry) {
  if (!entry.conditional) return Tested::holds;
  if (request_.fields == nullptr) return Tested::differs;
  const Condition* repeated = nullptr;
  for (const Condition& condition : table_.routes_[entry.route].when) {
    const Tested tested = request_.fields->test(condition);
    if (tested == Tested::differs) return tested;
    if (tested == Tested::repeated) repeated = &condition;
  }
  if (repeated == nullptr) return Tested::holds;
  repeated_ = repeated;
  return Tested::repeated;
}

// None of these took the request: those that would by another method are what Allow lists.
void Search::note_allowed(const Entry* entry) {
  for (bool more = true; more; more = !entry++->last) {
    const MethodMask methods = trie_.masks[entry->methods];
    if (!entry->named || (allowed_ & methods) == methods) continue;
    if (conditions(*entry) != Tested::differs) allowed_ |= methods;
  }
}

Lookup RouteTable::find(const RouteRequest& request, Params& params) const noexcept {
  params.count = 0;
  return Search(*this, request, params).run();
}

std::expected<RouteTable, std::vector<Conflict>> RouteTable::build(std::vector<RouteSpec> routes,
                                                                   std::span<const std::uint16_t> ports) {
  RouteTable table;
  table.routes_ = std::move(routes);
  TrieBuild build;
  std::vector<Conflict> conflicts;
  for (std::uint32_t index = 0; index < table.routes_.size(); ++index) {
    const RouteSpec& spec = table.routes_[index];
    Candidate candidate{kAnyMethod, index, static_cast<std::uint32_t>(spec.when.size()), !spec.pattern.methods.empty()};
    if (candidate.named) candidate.methods = kNoMethod;
    for (const std::string& method : spec.pattern.methods) {
      const MethodMask bit = table.methods_.intern(method);
      if (bit == kNoMethod) {
        conflicts.push_back({Conflict::Kind::invalid, index, {}, "all routes together name more than 64 methods"});
      }
      candidate.methods |= bit;
    }
    build.add_route(spec.pattern, candidate);
  }
  build.lay_out();
  find_conflicts({table.routes_, table.methods_, build, ports}, conflicts);
  if (!conflicts.empty()) return std::unexpected(std::move(conflicts));
  table.trie_ = std::move(build.trie);
  return table;
}

}  // namespace tandem::routing
