#include "gateway/cache/block.h"

#include <sys/mman.h>

#include <array>
#include <mutex>
#include <new>
#include <utility>

namespace tandem::cache {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMostSpare = std::size_t{2} << 20;  // bytes

constexpr std::size_t in_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage; }

// What an evicted answer had is what the next one needs: mapping and clearing pages for each would cost more than
// receiving it. So some are kept, by their size.
class SparePages {
 public:
  char* take(std::size_t pages) {
    {
      const std::scoped_lock lock(mutex_);
      if (Spare* spare = by_size_[pages]) {
        by_size_[pages] = spare->next;
        held_ -= pages * kPage;
        return reinterpret_cast<char*>(spare);
      }
    }
    void* const fresh =
        mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return fresh == MAP_FAILED ? nullptr : static_cast<char*>(fresh);
  }

  void give_back(char* bytes, std::size_t pages) {
    std::unique_lock lock(mutex_);
    if (held_ + pages * kPage <= kMostSpare) return keep(bytes, pages);
    lock.unlock();
    if (munmap(bytes, pages * kPage) == 0) return;
    lock.lock();
    keep(bytes, pages);  // the kernel bounds the number of mappings, and this would have made two of one
  }

 private:
  struct Spare {
    Spare* next;
  };

  void keep(char* bytes, std::size_t pages) {
    by_size_[pages] = new (bytes) Spare{by_size_[pages]};
    held_ += pages * kPage;
  }

  std::mutex mutex_;
  std::array<Spare*, kBlockSize / kPage + 1> by_size_{};  // guarded by mutex_
  std::size_t held_ = 0;                                  // guarded by mutex_; bytes
};

constinit SparePages spare_pages;

}  // namespace

std::size_t Block::cost(std::size_t capacity) {
  const std::size_t bytes = capacity < kMappedFrom ? capacity + kAllocationCost : in_pages(capacity) * kPage;
  return sizeof(Block) + 2 * kAllocationCost + bytes;
}

Block::Block(Charge charge, std::size_t capacity) : charge_(std::move(charge)), capacity_(capacity) {
  if (capacity >= kMappedFrom) bytes_ = spare_pages.take(in_pages(capacity));
  mapped_ = bytes_ != nullptr;
  if (!mapped_) bytes_ = new char[capacity];
}

Block::~Block() {
  if (mapped_) {
    spare_pages.give_back(bytes_, in_pages(capacity_));
  } else {
    delete[] bytes_;
  }
}

}  // namespace tandem::cache
