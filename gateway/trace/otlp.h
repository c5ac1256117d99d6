// Writes spans as OTLP over HTTP with JSON has them (opentelemetry-proto, trace.proto; OTLP 1.x §"JSON Protobuf
// Encoding"): ids in hex, 64-bit numbers as texts, enums as numbers. Texts of strangers are escaped and cut at 1 KiB.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/json_writer.h"

namespace tandem::gateway {

// Turns instants of the steady clock into wall time. One is used for many spans, so that their order is kept.
class WallClock {
 public:
  WallClock() { set(); }
  void set();  // by the clocks as they are now
  void keep_up() {
    if (now() - steady_ > std::chrono::seconds(10)) set();
  }
  std::uint64_t nanoseconds(Instant at) const {  // since 1970
    const auto wall = std::chrono::duration_cast<Duration>(wall_.time_since_epoch()) + (at - steady_);
    return static_cast<std::uint64_t>(wall.count());
  }

 private:
  WallTime wall_;
  Instant steady_;
};

enum class OtlpKind : std::uint8_t { internal = 1, server = 2, client = 3 };

// One span. To be called in this order: constructor, attributes, events, end().
class OtlpSpan {
 public:
  struct Head {
    std::string_view trace;  // 32 hex digits
    std::uint64_t id = 0;
    std::uint64_t parent = 0;  // 0: none
    bool parent_is_remote = false;
    bool sampled = false;
    std::string_view name;
    OtlpKind kind = OtlpKind::internal;
    Instant begin{};
    Instant end{};
  };
  OtlpSpan(std::string& out, const WallClock& clock, const Head& head);
  OtlpSpan(const OtlpSpan&) = delete;
  OtlpSpan& operator=(const OtlpSpan&) = delete;

  void attribute(std::string_view key, std::string_view value);  // left out where empty
  void number(std::string_view key, std::uint64_t value);
  void event(std::string_view name, Instant at);
  void end(std::string_view error);  // empty: the status is left unset

 private:
  JsonWriter json_;
  const WallClock& clock_;
  bool in_events_ = false;
};

// What stands before and behind the spans of a request. `instance` tells this process from others of the service.
std::string otlp_begin(std::string_view service, std::string_view instance);
std::string_view otlp_end();

}  // namespace tandem::gateway
