// The spans of one exchange: what was done for it, when and with what outcome. Noted as plain values into blocks that
// the worker keeps for that, so that noting costs a few stores and no memory; made into text only when the exchange is
// exported (export.h). Where traces are off nothing is noted and every call is an empty one. On the worker's thread.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/base/clock.h"

namespace tandem::balance {
class Server;
}

namespace tandem::gateway {

enum class SpanKind : std::uint8_t { auth, limit, cache, attempt, part };
std::string_view to_text(SpanKind kind);  // "auth" …

// Texts and the server must live as long as the exchange: literals, and what its generation holds.
struct Span {
  std::uint64_t id = 0;
  std::uint64_t parent = 0;
  Instant begin{};
  Instant end{};                    // none: it goes on until its exchange is over
  Instant picked{};                 // attempt: a server with room is found
  Instant connected{};              // attempt: a new connection stands; none: a kept one was used
  Instant answered{};               // attempt: the answer's head is here
  std::string_view name{};          // the upstream, cache, provider or part
  std::string_view result{};        // what a cache had, what became of a credential or a part
  std::string_view error{};         // a reason; empty: all went well
  const balance::Server* server{};  // attempt
  std::uint16_t status = 0;         // of the service's answer; 0: none came, or a part has had many
  SpanKind kind = SpanKind::attempt;
};

// Blocks of spans that are used again and again. One for each worker; outlives its lists.
class SpanPool {
 public:
  static constexpr std::size_t kSpans = 8;
  struct Block {
    std::array<Span, kSpans> spans;
    std::size_t used = 0;
    std::unique_ptr<Block> next;
  };

  std::unique_ptr<Block> take();
  void give_back(std::unique_ptr<Block> blocks);

 private:
  static constexpr std::size_t kMostKept = 1024;
  std::unique_ptr<Block> free_;
  std::size_t kept_ = 0;
};

class SpanList {
 public:
  static constexpr std::size_t kMost = 64;  // of an exchange

  SpanList() = default;
  ~SpanList() {
    if (blocks_) pool_->give_back(std::move(blocks_));
  }
  SpanList(const SpanList&) = delete;
  SpanList& operator=(const SpanList&) = delete;

  // From here on spans are noted, as children of `under`, which is not 0.
  void start(SpanPool& pool, std::uint64_t under) { pool_ = &pool, under_ = under; }
  // For what goes on beside `of`, in an exchange of its own (a fetch of a cache, a part): its spans are children of
  // `under`, or of the span that is open there. take() brings them home.
  void start_beside(const SpanList& of, const Span* under = nullptr) {
    pool_ = of.pool_, under_ = under ? under->id : of.under_;
  }
  bool on() const { return pool_ != nullptr; }
  std::uint64_t under() const { return under_; }

  // A new span; null where none are noted, or there are kMost already. Valid until take() or the
  // end.
  Span* begin(SpanKind kind, std::string_view name, Instant at) { return on() ? add(kind, name, at) : nullptr; }

  // What still goes on ends now.
  void end_all(Instant at);

  // Moves what `of` has noted behind what this has; pointers into `of` stay valid, but what they change is seen by
  // nobody.
  void take(SpanList& of);

  // Pointers into it stay valid, as for take().
  void forget();
  bool empty() const { return count_ == 0; }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const SpanPool::Block* block = blocks_.get(); block; block = block->next.get()) {
      for (std::size_t i = 0; i < block->used; ++i) visit(block->spans[i]);
    }
  }

 private:
  friend class SpanScope;
  Span* add(SpanKind kind, std::string_view name, Instant at);

  SpanPool* pool_ = nullptr;
  std::uint64_t under_ = 0;
  std::unique_ptr<SpanPool::Block> blocks_;
  SpanPool::Block* last_ = nullptr;
  std::size_t count_ = 0;
};

// A span around what a coroutine does; those that begin within are its children.
class SpanScope {
 public:
  // `otherwise`: its result where end() says no other; a literal.
  SpanScope(SpanList& list, SpanKind kind, std::string_view name, std::string_view otherwise = {});
  SpanScope(const SpanScope&) = delete;
  SpanScope& operator=(const SpanScope&) = delete;
  ~SpanScope() { end(otherwise_); }

  // Ends it before the scope does. `result` and `error` are literals.
  void end(std::string_view result, std::string_view error = {});

 private:
  SpanList& list_;
  const std::string_view otherwise_;
  Span* span_;
};

// Ends `span`, which may be null.
void end_span(Span* span, std::string_view error);

}  // namespace tandem::gateway
