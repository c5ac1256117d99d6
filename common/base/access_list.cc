#include "common/base/access_list.h"

#include <algorithm>
#include <optional>
#include <tuple>

namespace tandem {
namespace {

const IpPrefix kAll = *IpPrefix::parse("::/0");
const IpPrefix kAllV4 = *IpPrefix::parse("0.0.0.0/0");

// In the order in which a later one of the same prefix overrides.
enum class Said : std::uint8_t { nothing, allow, deny };

struct Rule {
  IpPrefix prefix;
  Said said;
};

IpAddress last_of(const IpPrefix& prefix) {
  IpAddress last = prefix.ip;
  for (unsigned bit = prefix.bits; bit < 128; ++bit) last.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
  return last;
}

std::optional<IpAddress> after(IpAddress address) {
  for (std::size_t i = address.bytes.size(); i-- > 0;) {
    if (++address.bytes[i] != 0) return address;
  }
  return std::nullopt;
}

std::vector<Rule> sorted_rules(std::span<const IpPrefix> allow, std::span<const IpPrefix> deny) {
  std::vector<Rule> rules = {{kAll, Said::nothing}, {kAllV4, Said::nothing}};
  for (const IpPrefix& prefix : allow) rules.push_back({prefix, Said::allow});
  for (const IpPrefix& prefix : deny) rules.push_back({prefix, Said::deny});
  std::ranges::sort(rules, {}, [](const Rule& rule) { return std::tie(rule.prefix.ip, rule.prefix.bits, rule.said); });
  return rules;
}

}  // namespace

AccessList::AccessList(std::span<const IpPrefix> allow, std::span<const IpPrefix> deny) {
  struct Open {
    IpAddress last;
    bool allowed;
  };
  std::vector<Open> open;  // the prefixes around the place that the sweep has come to, the innermost at the end
  const auto begin = [this](const IpAddress& first, bool allowed) {
    if (!ranges_.empty() && ranges_.back().first == first) ranges_.pop_back();
    if (ranges_.empty() || ranges_.back().allowed != allowed) ranges_.push_back({first, allowed});
  };
  const auto close_innermost = [&] {
    const std::optional<IpAddress> next = after(open.back().last);
    open.pop_back();
    if (next && !open.empty()) begin(*next, open.back().allowed);
  };
  for (const Rule& rule : sorted_rules(allow, deny)) {
    while (!open.empty() && open.back().last < rule.prefix.ip) close_innermost();
    open.push_back({last_of(rule.prefix), rule.said == Said::allow});
    begin(rule.prefix.ip, open.back().allowed);
  }
  while (!open.empty()) close_innermost();
}

bool AccessList::allows(const IpAddress& address) const {
  const auto next = std::ranges::upper_bound(ranges_, address, {}, &Range::first);
  return std::prev(next)->allowed;
}

}  // namespace tandem
