// Who may come to a listener: the keys allow_from, deny_from, per_source and mode of both programs.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/address.h"
#include "common/config/section.h"
#include "common/limit/source_limit.h"

namespace tandem::config {

std::vector<IpPrefix> everybody();  // 0.0.0.0/0 and ::/0

struct AccessConfig {
  std::vector<IpPrefix> allow_from = everybody();
  std::vector<IpPrefix> deny_from;
  limit::SourceLimits per_source;
  std::optional<std::uint32_t> mode;           // of a unix socket's file
  Place allow_place, other_place, mode_place;  // where the file says allow_from, the last of the other two, mode
};

const Section<AccessConfig>& access_section();

// Says what cannot be meant: lists for a unix socket, whose clients have no address, and a mode for anything else; a
// list that lets nobody in.
void check_access(Reader& reader, const Address& listen, const AccessConfig& access);

}  // namespace tandem::config
