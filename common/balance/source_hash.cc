#include "common/balance/source_hash.h"

#include <xxhash.h>

#include <algorithm>

namespace tandem::balance {
namespace {

constexpr std::uint16_t kEmpty = 0xffff;
constexpr std::size_t kProbes = 512;  // slots looked at for a usable server before all servers are

std::uint64_t hash(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

bool same_servers(std::span<const Candidate> a, std::span<const Candidate> b) {
  return std::ranges::equal(a, b, [](const Candidate& x, const Candidate& y) {
    return x.server->get() == y.server->get() && x.weight == y.weight;
  });
}

}  // namespace

std::uint64_t source_key(const IpAddress& client) {
  const auto* bytes = reinterpret_cast<const char*>(client.bytes.data());
  return hash({bytes, client.is_v4() ? client.bytes.size() : client.bytes.size() / 2}, 0);
}

std::uint64_t text_key(std::string_view text) { return hash(text, 0); }

std::vector<std::uint16_t> maglev_table(std::span<const std::string> names, std::span<const double> weights) {
  struct Server {
    std::uint64_t next;
    std::uint64_t skip;
    double share;     // of a slot a round, at most 1
    double owed = 0;  // slots not taken yet
  };
  const double heaviest = std::ranges::max(weights);
  std::vector<Server> servers;
  for (std::size_t i = 0; i < names.size(); ++i) {
    servers.push_back({.next = hash(names[i], 1) % kMaglevSlots,
                       .skip = hash(names[i], 2) % (kMaglevSlots - 1) + 1,
                       .share = weights[i] / heaviest});
  }
  std::vector<std::uint16_t> table(kMaglevSlots, kEmpty);
  for (std::size_t filled = 0;;) {
    for (std::size_t i = 0; i < servers.size(); ++i) {
      Server& server = servers[i];
      server.owed += server.share;
      if (server.owed < 1) continue;
      server.owed -= 1;
      while (table[server.next] != kEmpty) server.next = (server.next + server.skip) % kMaglevSlots;
      table[server.next] = static_cast<std::uint16_t>(i);
      if (++filled == kMaglevSlots) return table;
    }
  }
}

SourceHash::SourceHash(std::vector<Candidate> given, const SourceHash* previous) : Picker(std::move(given)) {
  if (candidates().empty()) return;
  if (previous && same_servers(candidates(), previous->candidates())) {
    table_ = previous->table_;
    return;
  }
  std::vector<std::string> names;
  std::vector<double> weights;
  for (const Candidate& candidate : candidates()) {
    names.push_back(candidate->address().to_string());
    weights.push_back(candidate.weight);
  }
  table_ = std::make_shared<const std::vector<std::uint16_t>>(maglev_table(names, weights));
}

Claim SourceHash::claim(const PickRequest& request) const {
  Claim claim;
  if (!table_) return claim;
  const std::uint64_t slot = request.hash % kMaglevSlots;
  std::uint16_t last = kEmpty;
  for (std::size_t i = 0; i < kProbes; ++i) {
    const std::uint16_t index = (*table_)[(slot + i) % kMaglevSlots];
    if (std::exchange(last, index) == index) continue;
    const Candidate& candidate = candidates()[index];
    if (usable(candidate, request) && take(candidate, claim)) return claim;
  }
  return take_any(request, request.hash % candidates().size());
}

}  // namespace tandem::balance
