// Brings spans to the collector, by OTLP over HTTP with JSON: what waits is swept every `interval`, or sooner when half
// of the queue is taken, and POSTed piece by piece. While the collector cannot be reached, hangs or asks to wait, a
// piece is tried again with growing pauses for up to a minute; meanwhile the queue fills and what is beyond it is
// dropped. What the collector refuses is dropped at once. Owned by the control thread and living on it, over all
// generations.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/async/task_group.h"
#include "common/base/json_writer.h"
#include "gateway/trace/options.h"
#include "gateway/trace/span_queue.h"

namespace tandem::gateway {

class SpanExporter {
 public:
  explicit SpanExporter(SpanQueue& queue);
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  // From now on spans go there; nothing: nowhere (what waits still goes where it went). On a thread with a reactor.
  void follow(const std::optional<TraceConfig>& config, std::vector<IpEndpoint> resolvers);
  // What waits has two more seconds.
  async::Task<void> stop();

  void write_status(JsonWriter& json) const;  // one value

 private:
  enum class Outcome : std::uint8_t { done, again, refused };
  struct Sent {
    Outcome outcome = Outcome::done;
    std::string why;
    std::optional<Duration> wait = {};
  };
  async::Task<void> run();
  async::Task<void> send(SpanChunk chunk);
  async::Task<Sent> post(const SpanChunk& chunk);
  Sent judge(int status, const std::string& body, std::optional<Duration> wait);
  void note(const Sent& sent);
  async::Task<void> pause(Instant until);

  SpanQueue& queue_;
  std::optional<TraceConfig> config_;  // the last one that there was
  bool on_ = false;
  std::vector<IpEndpoint> resolvers_;
  const std::string instance_;
  const Counter exported_, failed_, rejected_;
  std::string error_;  // of the last try; empty: it went well
  bool stopping_ = false;
  Instant stop_at_ = kNoDeadline;
  async::CancelScope* sending_ = nullptr;  // while a request is on its way
  async::TaskGroup tasks_;
};

}  // namespace tandem::gateway
