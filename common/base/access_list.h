// Which addresses may come: allowed and denied prefixes, of which the longest that holds an address decides. Made from
// a configuration, read-only then; any thread.
#pragma once
#include <span>
#include <vector>

#include "common/base/address.h"

namespace tandem {

class AccessList {
 public:
  // The same prefix on both sides denies; what no prefix holds is denied. IPv4 is a family of its own: a short IPv6
  // prefix such as ::/0 does not decide for it, 0.0.0.0/0 does.
  AccessList(std::span<const IpPrefix> allow, std::span<const IpPrefix> deny);

  bool allows(const IpAddress& address) const;

 private:
  // Prefixes hold one another or are apart, so n of them cut the addresses into at most 2n + 1 ranges, each with one
  // verdict: a lookup is a binary search in one array of 17 bytes a range, whatever the lengths.
  struct Range {
    IpAddress first;  // to the next range's first
    bool allowed;
  };
  std::vector<Range> ranges_;  // ascending; the first begins at ::
};

}  // namespace tandem
