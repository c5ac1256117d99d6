#include "common/base/id.h"

#include <atomic>
#include <random>

namespace tandem {

std::string new_connection_id() {
  static const std::uint64_t seed = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  static std::atomic<std::uint64_t> next_block{0};
  // Each thread takes counts by the thousand, so that threads do not share a cache line.
  constexpr std::uint64_t kBlock = 1024;
  thread_local std::uint64_t count = 0;
  if (count % kBlock == 0) count = next_block.fetch_add(1, std::memory_order_relaxed) * kBlock;
  // Multiplying by an odd number and adding is one to one, so counts never collide; it only hides their order.
  std::uint64_t value = (count++) * 0x9e3779b97f4a7c15U + seed;
  static constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string id(13, '0');
  for (char& c : id) {
    c = kDigits[value & 31];
    value >>= 5;
  }
  return id;
}

std::uint64_t random_word() {
  thread_local std::uint64_t state = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  std::uint64_t word = state += 0x9e37'79b9'7f4a'7c15;  // splitmix64
  word = (word ^ (word >> 30)) * 0xbf58'476d'1ce4'e5b9;
  word = (word ^ (word >> 27)) * 0x94d0'49bb'1331'11eb;
  return word ^ (word >> 31);
}

bool by_chance(double share) {
  constexpr double kStep = 0x1p-53;
  return share >= 1 || static_cast<double>(random_word() >> 11) * kStep < share;
}

}  // namespace tandem
