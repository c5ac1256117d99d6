// What a worker knows of traces: whether requests are traced at all, which of them are chosen, and where their spans
// go. Owned by the worker's context, used on its thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/trace/options.h"
#include "gateway/trace/otlp.h"
#include "gateway/trace/span.h"
#include "gateway/trace/span_queue.h"

namespace tandem::gateway {

struct AccessRecord;
struct Exchange;

class Tracer {
 public:
  explicit Tracer(SpanQueue& queue) : buffer_(queue) {}

  // Of the present generation; null: nothing is traced. It must live until the next call.
  void use(const TraceConfig* config) { config_ = config; }
  // From now on spans are noted even where none are exported: somebody else reads them (RecentRequests).
  void note_always() { noting_ = true; }
  bool exports() const { return config_ != nullptr; }

  // The request's head is there: decides whether it is chosen, and begins to note spans. A parent's choice counts where
  // the parent is trusted (`believed`); else a share of all is.
  void begin(Exchange& exchange, bool believed);

  // The exchange is over. Exports it when it was chosen, has failed (a status of 500 and above, or broken off by
  // anybody but the client) or was slow; `record` tells of it.
  void end(Exchange& exchange, const AccessRecord& record);

  // The same for one that nobody waits for (DetachedExchange): its spans alone, as children of what began it.
  void end_detached(Exchange& exchange);

 private:
  const TraceConfig* config_ = nullptr;
  bool noting_ = false;
  WallClock clock_;
  SpanPool pool_;
  SpanBuffer buffer_;
  std::string text_;  // used again
};

}  // namespace tandem::gateway
