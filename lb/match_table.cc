#include "lb/match_table.h"

#include <algorithm>

#include "common/net/client_hello.h"

namespace tandem::lb {

void MatchTable::add(const MatchConfig& match, const Branch& branch) {
  const std::vector<std::string> any = {std::string()};
  for (const std::string& name : match.sni.empty() ? any : match.sni) {
    for (const std::string& protocol : match.alpn.empty() ? any : match.alpn) {
      by_name_[name].push_back({protocol, &branch});
    }
  }
}

MatchTable::Found MatchTable::find_at(std::string_view name, std::string_view protocols) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return {};
  const auto entry_for = [&entries = found->second](std::string_view protocol) -> const Branch* {
    const auto entry = std::ranges::find(entries, protocol, &Entry::protocol);
    return entry == entries.end() ? nullptr : entry->branch;
  };
  while (!protocols.empty()) {
    const std::string_view protocol = net::next_protocol(protocols);
    if (const Branch* branch = protocol.empty() ? nullptr : entry_for(protocol)) return {branch, protocol};
  }
  return {entry_for({}), {}};
}

MatchTable::Found MatchTable::find(std::string_view name, std::string_view protocols) const {
  if (!name.empty()) {
    if (const Found found = find_at(name, protocols); found.branch) return found;
    if (const std::size_t dot = name.find('.'); dot != std::string_view::npos) {
      const std::string wildcard = "*" + std::string(name.substr(dot));
      if (const Found found = find_at(wildcard, protocols); found.branch) return found;
    }
  }
  return find_at({}, protocols);
}

}  // namespace tandem::lb
