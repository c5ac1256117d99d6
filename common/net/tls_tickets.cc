#include "common/net/tls_tickets.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

namespace tandem::net {

TicketKeys& TicketKeys::shared() {
  static TicketKeys keys;
  return keys;
}

std::optional<TicketKeys::Key> TicketKeys::sealing(Instant now) {
  const std::scoped_lock lock(mutex_);
  if (!keys_.empty() && now - keys_.front().made < kRenewed) return keys_.front();
  Key key{.name = {}, .seal = {}, .sign = {}, .made = now};
  const auto fill = [](auto& bytes) { return RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1; };
  if (!fill(key.name) || !fill(key.seal) || !fill(key.sign)) return std::nullopt;
  std::erase_if(keys_, [now](const Key& old) { return now - old.made >= kRenewed + kLifetime; });
  keys_.insert(keys_.begin(), key);
  return key;
}

std::optional<TicketKeys::Key> TicketKeys::opening(const std::uint8_t* name, Instant now, bool& old) {
  const std::scoped_lock lock(mutex_);
  const auto named = [name](const Key& key) { return std::memcmp(key.name.data(), name, key.name.size()) == 0; };
  const auto found = std::ranges::find_if(keys_, named);
  if (found == keys_.end() || now - found->made >= kRenewed + kLifetime) return std::nullopt;
  old = now - found->made >= kRenewed;
  return *found;
}

}  // namespace tandem::net
