#include "gateway/trace/span.h"

#include <utility>

#include "common/async/scheduler.h"
#include "common/http/trace_context.h"

namespace tandem::gateway {

std::string_view to_text(SpanKind kind) {
  switch (kind) {
    case SpanKind::auth: return "auth";
    case SpanKind::limit: return "limit";
    case SpanKind::cache: return "cache";
    case SpanKind::attempt: return "attempt";
    case SpanKind::part: return "part";
  }
  return "";
}

std::unique_ptr<SpanPool::Block> SpanPool::take() {
  if (!free_) return std::make_unique<Block>();
  std::unique_ptr<Block> block = std::move(free_);
  free_ = std::move(block->next);
  --kept_;
  return block;
}

void SpanPool::give_back(std::unique_ptr<Block> blocks) {
  while (blocks) {
    std::unique_ptr<Block> rest = std::move(blocks->next);
    if (kept_ < kMostKept) {
      blocks->used = 0;
      blocks->next = std::move(free_);
      free_ = std::move(blocks);
      ++kept_;
    }
    blocks = std::move(rest);
  }
}

Span* SpanList::add(SpanKind kind, std::string_view name, Instant at) {
  if (count_ == kMost) return nullptr;
  if (!last_ || last_->used == SpanPool::kSpans) {
    std::unique_ptr<SpanPool::Block>& place = last_ ? last_->next : blocks_;
    if (!place) place = pool_->take();
    last_ = place.get();
  }
  ++count_;
  Span& span = last_->spans[last_->used++];
  span = Span{};
  span.id = http::new_span_id();
  span.parent = under_;
  span.begin = at;
  span.name = name;
  span.kind = kind;
  return &span;
}

void SpanList::end_all(Instant at) {
  for (SpanPool::Block* block = blocks_.get(); block; block = block->next.get()) {
    for (std::size_t i = 0; i < block->used; ++i) {
      if (block->spans[i].end == Instant{}) block->spans[i].end = at;
    }
  }
}

void SpanList::take(SpanList& of) {
  if (!on() || !of.on()) return;
  of.for_each([this](const Span& span) {
    if (Span* own = add(span.kind, span.name, span.begin)) *own = span;
  });
  of.forget();
}

void SpanList::forget() {
  for (SpanPool::Block* block = blocks_.get(); block; block = block->next.get()) block->used = 0;
  last_ = blocks_.get();
  count_ = 0;
}

SpanScope::SpanScope(SpanList& list, SpanKind kind, std::string_view name, std::string_view otherwise)
    : list_(list),
      otherwise_(otherwise),
      span_(list.on() ? list.begin(kind, name, async::Scheduler::current().now()) : nullptr) {
  if (span_) list_.under_ = span_->id;
}

void SpanScope::end(std::string_view result, std::string_view error) {
  if (!span_) return;
  list_.under_ = span_->parent;
  span_->result = result;
  end_span(std::exchange(span_, nullptr), error);
}

void end_span(Span* span, std::string_view error) {
  if (!span) return;
  span->end = async::Scheduler::current().now();
  span->error = error;
}

}  // namespace tandem::gateway
