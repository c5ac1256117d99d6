#include "common/async/frame_pool.h"

#include <array>
#include <cstdint>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define TANDEM_PLAIN_FRAMES 1
#endif
#endif

namespace tandem::async {

#ifdef TANDEM_PLAIN_FRAMES

void* allocate_frame(std::size_t size) { return ::operator new(size); }
void free_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }

#else

namespace {

constexpr std::size_t kClassSize = 128;
constexpr std::size_t kClasses = 32;      // frames up to 4 KiB are pooled
constexpr std::uint32_t kMaxKept = 4096;  // a class keeps at most this many free frames

struct Free {
  Free* next;
};

struct Pool {
  std::array<Free*, kClasses> heads{};
  std::array<std::uint32_t, kClasses> counts{};
  ~Pool() {
    for (Free* head : heads) {
      while (head) {
        Free* next = head->next;
        ::operator delete(head);
        head = next;
      }
    }
    heads.fill(nullptr);
    counts.fill(kMaxKept);  // frames freed after this point (thread exit) go straight back
  }
};
thread_local Pool pool;

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t size_class = (size - 1) / kClassSize;
  if (size_class >= kClasses) return ::operator new(size);
  if (Free* head = pool.heads[size_class]) {
    pool.heads[size_class] = head->next;
    --pool.counts[size_class];
    return head;
  }
  return ::operator new((size_class + 1) * kClassSize);
}

void free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t size_class = (size - 1) / kClassSize;
  if (size_class >= kClasses || pool.counts[size_class] >= kMaxKept) {
    ::operator delete(frame);
    return;
  }
  pool.heads[size_class] = new (frame) Free{pool.heads[size_class]};
  ++pool.counts[size_class];
}

#endif

}  // namespace tandem::async
