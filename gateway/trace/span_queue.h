// Spans on their way from the workers to the exporter. Each worker puts finished ones, already as text, into a buffer
// of its own; the exporter on the control thread sweeps all buffers. How many wait over all workers is bounded: what
// comes beyond it is dropped and counted, and nobody waits. Owned by main, outlives the buffers.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/event.h"
#include "common/base/counters.h"
#include "common/net/reactor.h"

namespace tandem::gateway {

// Spans as OTLP writes them, each preceded by a comma.
struct SpanChunk {
  std::string text;
  std::uint32_t spans = 0;
};

class SpanBuffer;

class SpanQueue {
 public:
  SpanQueue();
  SpanQueue(const SpanQueue&) = delete;
  SpanQueue& operator=(const SpanQueue&) = delete;

  // ---- any thread
  // Takes places for so many spans, or counts them as dropped: whoever gets none need not write them.
  bool take_places(std::uint32_t spans);
  std::uint32_t held() const { return held_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() const { return dropped_.value(); }

  // ---- the control thread
  void start(net::Reactor& control);  // from here on it is woken
  void limit(std::uint32_t most) { most_.store(most, std::memory_order_relaxed); }
  // Everything that waits, in pieces of some hundred spans. Their places are held until give_back().
  std::vector<SpanChunk> sweep();
  void give_back(std::uint32_t spans) { held_.fetch_sub(spans, std::memory_order_relaxed); }
  // Set when spans begin to wait, and again when half of the places are taken.
  async::Event& woken() { return *woken_; }

 private:
  friend class SpanBuffer;
  void wake();

  std::atomic<std::uint32_t> held_{0}, most_{0};
  std::atomic<bool> waiting_{false};  // somebody has been told since the last sweep
  const Counter dropped_;
  std::mutex mutex_;
  std::vector<SpanBuffer*> buffers_;             // guarded by mutex_
  std::vector<SpanChunk> left_;                  // guarded by mutex_: of buffers that are gone
  std::shared_ptr<net::RemoteReactor> control_;  // guarded by mutex_
  const std::shared_ptr<async::Event> woken_ = std::make_shared<async::Event>();
};

// `gateway_trace_spans_total` for one `result`: exported, queue_full, failed (the collector did not take them),
// rejected (it said that it will not).
Counter spans_counter(const char* result);

// Of one worker.
class SpanBuffer {
 public:
  explicit SpanBuffer(SpanQueue& queue);
  ~SpanBuffer();
  SpanBuffer(const SpanBuffer&) = delete;
  SpanBuffer& operator=(const SpanBuffer&) = delete;

  SpanQueue& queue() { return queue_; }
  void push(std::string_view text, std::uint32_t spans);  // their places have been taken

 private:
  friend class SpanQueue;
  std::vector<SpanChunk> take();

  SpanQueue& queue_;
  std::mutex mutex_;
  std::vector<SpanChunk> chunks_;  // guarded by mutex_
};

}  // namespace tandem::gateway
