// A piece of a stored body, with its charge. Long ones have pages of their own, for each other or for the system once
// they go: in the heap of the thread that fetched them they would leave holes which no other thread's next one can
// fill, and twice the size would be resident.
#pragma once
#include <cstddef>

#include "gateway/cache/account.h"

namespace tandem::cache {

inline constexpr std::size_t kAllocationCost = 16;     // what the heap has for an allocation beside its bytes
inline constexpr std::size_t kBlockSize = 64 * 1024;   // the longest piece of a body
inline constexpr std::size_t kMappedFrom = 32 * 1024;  // from here on in pages

class Block {
 public:
  // `charge`: for cost(capacity); `capacity`: at most kBlockSize.
  Block(Charge charge, std::size_t capacity);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // What one of that capacity takes, in bytes: with itself, whole pages, and what the heap has for it.
  static std::size_t cost(std::size_t capacity);

  char* bytes() const { return bytes_; }
  std::size_t capacity() const { return capacity_; }

 private:
  const Charge charge_;
  const std::size_t capacity_;
  bool mapped_ = false;
  char* bytes_ = nullptr;
};

}  // namespace tandem::cache
