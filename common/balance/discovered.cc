#include "common/balance/discovered.h"

#include <algorithm>
#include <array>

namespace tandem::balance {
namespace {

using namespace std::chrono_literals;

constexpr Duration kShortest = 1s;
constexpr Duration kLongest = 1h;
constexpr std::array<Duration, 6> kPauses = {1s, 2s, 4s, 8s, 16s, 30s};
constexpr unsigned kMissingFor = 2;
constexpr unsigned kDenials = 5;  // with the pauses between them: 15 s
constexpr unsigned kDoubts = 5;   // some resolvers never answer for one of the families

}  // namespace

bool same_server(const ServerOptions& one, const ServerOptions& other) {
  return one.address == other.address && one.name == other.name && one.weight == other.weight &&
         one.max_connections == other.max_connections && one.backup == other.backup;
}

bool Discovered::take(Finding finding) {
  why_ = std::move(finding.why);
  denials_ = finding.kind == Finding::Kind::none ? denials_ + 1 : 0;
  doubts_ = finding.kind == Finding::Kind::partial ? doubts_ + 1 : 0;
  if (finding.kind == Finding::Kind::failed || finding.kind == Finding::Kind::none) {
    ++unanswered_;
    if (denials_ < kDenials || servers_.empty()) return false;
    servers_.clear();
    missing_.clear();
    return true;
  }
  unanswered_ = 0;
  ttl_ = finding.ttl;
  // What there was before the first answer came from elsewhere, and is not waited for.
  if (!std::exchange(answered_, true) && finding.kind == Finding::Kind::whole) {
    const bool same = std::ranges::equal(servers_, finding.servers, same_server);
    servers_ = std::move(finding.servers);
    return !same;
  }
  return add(std::move(finding.servers), finding.kind == Finding::Kind::whole || doubts_ >= kDoubts);
}

bool Discovered::add(std::vector<ServerOptions> found, bool whole) {
  std::vector<ServerOptions> next = std::move(found);
  for (const ServerOptions& known : servers_) {
    if (std::ranges::find(next, known.address, &ServerOptions::address) != next.end()) {
      missing_.erase(known.address);
      continue;
    }
    if ((whole && ++missing_[known.address] >= kMissingFor) || next.size() >= kMostDiscovered) {
      missing_.erase(known.address);
      continue;
    }
    next.push_back(known);
  }
  std::ranges::sort(next, {}, &ServerOptions::address);
  const bool same = std::ranges::equal(servers_, next, same_server);
  servers_ = std::move(next);
  return !same;
}

Duration Discovered::next_in() const {
  const auto pause = [](unsigned count) { return kPauses[std::min<std::size_t>(count, kPauses.size()) - 1]; };
  if (unanswered_ > 0) return pause(unanswered_);
  const Duration by_ttl = std::clamp(ttl_, kShortest, kLongest);
  if (doubts_ > 0) return std::min(pause(doubts_), by_ttl);
  return missing_.empty() ? by_ttl : kShortest;
}

}  // namespace tandem::balance
