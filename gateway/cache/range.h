// Range requests (RFC 9110 §14) against a whole that is known. Pure.
#pragma once
#include <cstdint>
#include <string_view>

namespace tandem::cache {

struct ByteRange {
  enum class Kind : std::uint8_t {
    whole,          // no range, one that is not understood, or several: the whole is the answer
    part,           // [first, last], both within the whole
    unsatisfiable,  // 416
  };
  Kind kind = Kind::whole;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// `value`: of the Range field; `size`: of the whole, in bytes. Numbers may be of any length.
ByteRange parse_range(std::string_view value, std::uint64_t size);

}  // namespace tandem::cache
