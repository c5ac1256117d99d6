#include "gateway/trace/span_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tandem::gateway {
namespace {

constexpr std::uint32_t kChunkSpans = 512;  // what one request to the collector carries
constexpr std::size_t kChunkBytes = 512 * 1024;

}  // namespace

Counter spans_counter(const char* result) {
  return Counters::counter("gateway_trace_spans_total",
                           "Spans of requests that were to be exported, by what became of them", {{"result", result}});
}

SpanQueue::SpanQueue() : dropped_(spans_counter("queue_full")) {}

bool SpanQueue::take_places(std::uint32_t spans) {
  const std::uint32_t before = held_.fetch_add(spans, std::memory_order_relaxed);
  const std::uint32_t most = most_.load(std::memory_order_relaxed);
  if (before + spans <= most) {
    if (before < most / 2 && before + spans >= most / 2) wake();
    return true;
  }
  held_.fetch_sub(spans, std::memory_order_relaxed);
  dropped_.add(spans);
  return false;
}

void SpanQueue::start(net::Reactor& control) {
  const std::scoped_lock lock(mutex_);
  control_ = control.remote();
}

void SpanQueue::wake() {
  std::shared_ptr<net::RemoteReactor> control;
  {
    const std::scoped_lock lock(mutex_);
    control = control_;
  }
  if (control) (void)control->post([woken = woken_] { woken->set(); });
}

std::vector<SpanChunk> SpanQueue::sweep() {
  waiting_.store(false);
  const std::scoped_lock lock(mutex_);
  std::vector<SpanChunk> all = std::exchange(left_, {});
  for (SpanBuffer* buffer : buffers_) std::ranges::move(buffer->take(), std::back_inserter(all));
  return all;
}

SpanBuffer::SpanBuffer(SpanQueue& queue) : queue_(queue) {
  const std::scoped_lock lock(queue_.mutex_);
  queue_.buffers_.push_back(this);
}

SpanBuffer::~SpanBuffer() {
  const std::scoped_lock lock(queue_.mutex_);
  std::erase(queue_.buffers_, this);
  std::ranges::move(take(), std::back_inserter(queue_.left_));
}

std::vector<SpanChunk> SpanBuffer::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(chunks_, {});
}

void SpanBuffer::push(std::string_view text, std::uint32_t spans) {
  {
    const std::scoped_lock lock(mutex_);
    if (chunks_.empty() || chunks_.back().spans + spans > kChunkSpans ||
        chunks_.back().text.size() + text.size() > kChunkBytes) {
      chunks_.emplace_back();
    }
    chunks_.back().text += text;
    chunks_.back().spans += spans;
  }
  if (!queue_.waiting_.load(std::memory_order_relaxed) && !queue_.waiting_.exchange(true)) queue_.wake();
}

}  // namespace tandem::gateway
