// source_hash: a Maglev table (Eisenbud et al., NSDI 2016) from the client's address to a server. It is made over all
// configured servers, whatever their health: when one is down its keys go to the next slot's server and everybody
// else's stay. Slots follow the servers' addresses, so the order of the configuration does not matter and two
// balancers with the same servers agree.
#pragma once
#include <memory>
#include <vector>

#include "common/balance/picker.h"

namespace tandem::balance {

// The key of a client: IPv4 by address, IPv6 by /64, since a host chooses the lower half freely.
std::uint64_t source_key(const IpAddress& client);
std::uint64_t text_key(std::string_view text);  // of any other key, such as a header's value

// The table: indices into `names`, each as often as its weight demands.
inline constexpr std::size_t kMaglevSlots = 65537;  // prime, and about a hundred times any sensible number of servers
std::vector<std::uint16_t> maglev_table(std::span<const std::string> names, std::span<const double> weights);

class SourceHash final : public Picker {
 public:
  SourceHash(std::vector<Candidate> candidates, const SourceHash* previous);
  Claim claim(const PickRequest& request) const override;

 private:
  // Shared with the Picker before this one while only states change.
  std::shared_ptr<const std::vector<std::uint16_t>> table_;
};

}  // namespace tandem::balance
