// Memory for coroutine frames: a free list per size class and thread, so that making a frame is a few instructions. A
// frame must be freed on the thread that made it; coroutines never move between workers. Off under sanitizers, so
// that use after free is seen.
#pragma once
#include <cstddef>

namespace tandem::async {

void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

}  // namespace tandem::async
