// Replies of Redis: the same for every cut, bounded, and what is understood of a limit's outcome keeps its bounds. The
// first byte chooses the pieces.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/rate_limit/shared.h"
#include "gateway/redis/reply.h"
#include "tests/fuzz/require.h"

using namespace tandem;
using redis::Reply;

namespace {

std::size_t values_of(const Reply& reply) {
  std::size_t count = 1;
  for (const Reply& one : reply.list) count += values_of(one);
  return count;
}

bool same(const Reply& a, const Reply& b) {
  return a.kind == b.kind && a.integer == b.integer && a.text == b.text && std::ranges::equal(a.list, b.list, same);
}

struct Read {
  std::vector<Reply> replies;
  bool ended = false;
};

Read read(std::string_view bytes, std::size_t piece) {
  Read out;
  redis::ReplyReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::string in(bytes.substr(at, piece));  // a fresh allocation, so that reads beyond it show
    reader.feed(in);
    while (auto reply = reader.next()) {
      require(values_of(*reply) <= redis::ReplyReader::kMostValues);
      out.replies.push_back(*std::move(reply));
    }
  }
  out.ended = !reader.error().empty();
  return out;
}

const gateway::Limit& small_limit() {
  static const auto made = [] {
    gateway::RateLimitConfig config;
    config.name = "a";
    config.rate.values.emplace_back("default", limit::Rate{10, std::chrono::seconds(1)});
    config.quota.values.emplace_back("default", gateway::Quota{9, gateway::Quota::Unit::day});
    return std::make_unique<gateway::Limit>(config, std::make_shared<gateway::LimitState>(1));
  }();
  return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Read whole = read(bytes, bytes.size() + 1), pieces = read(bytes, 1 + data[0] % 16);
  if (bytes.size() < redis::ReplyReader::kMostBytes) {
    require(whole.ended == pieces.ended && std::ranges::equal(whole.replies, pieces.replies, same));
  }
  for (const Reply& reply : whole.replies) {
    gateway::Charge charge = {.limit = &small_limit(), .allowance = &small_limit().allowances().front()};
    if (!gateway::read_outcome(reply, std::span(&charge, 1))) continue;
    require(charge.rate.left <= 10 && charge.quota.left <= 9);
    require(charge.wait >= Duration::zero() && charge.wait <= std::chrono::hours(400 * 24));
  }
  return 0;
}
