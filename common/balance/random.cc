#include "common/balance/random.h"

namespace tandem::balance {
namespace {

constexpr int kDraws = 4;  // of a pair; then the first usable one from a random place on

}  // namespace

Claim Random::claim(const PickRequest& request) const {
  Claim claim;
  const std::size_t count = candidates().size();
  if (count < 2) return take_any(request, 0);
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::uint64_t number = random_number();
    const std::size_t first = (number & 0xffff'ffff) % count;
    const std::size_t second = (first + 1 + (number >> 32) % (count - 1)) % count;
    const Candidate* one = &candidates()[first];
    const Candidate* two = &candidates()[second];
    const bool one_usable = usable(*one, request);
    const bool two_usable = usable(*two, request);
    // With one of a pair out, another pair gives every server of the rest the same chance.
    if (one_usable != two_usable && draw + 1 < kDraws && count > 2) continue;
    if (!one_usable || (two_usable && fullness(*two) < fullness(*one))) std::swap(one, two);
    if (usable(*one, request) && take(*one, claim)) return claim;
    if (one_usable && two_usable && take(*two, claim)) return claim;
  }
  return take_any(request, random_number() % count);
}

}  // namespace tandem::balance
