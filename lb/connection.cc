#include "lb/connection.h"

#include "common/base/id.h"

namespace tandem::lb {

ConnectionId::ConnectionId() {
  const std::string id = new_connection_id();
  std::copy_n(id.begin(), std::min(id.size(), own_.size()), own_.begin());
}

void ConnectionId::announced(std::string_view id) {
  const bool plain = std::ranges::all_of(id, [](char c) { return c > ' ' && c < 0x7f; });
  if (!id.empty() && plain) announced_ = std::make_unique<const std::string>(id);
}

}  // namespace tandem::lb
