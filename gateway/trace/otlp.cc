#include "gateway/trace/otlp.h"

#include <algorithm>

#include <unistd.h>

#include "common/http/trace_context.h"

namespace tandem::gateway {
namespace {

constexpr std::size_t kValueCap = 1024;
constexpr int kStatusError = 2;           // Status.StatusCode
constexpr unsigned kHasIsRemote = 0x100;  // SpanFlags
constexpr unsigned kIsRemote = 0x200;

std::string hex(std::uint64_t span) {
  std::string text;
  http::append_span_id(text, span);
  return text;
}

void write_attribute(JsonWriter& json, std::string_view key, std::string_view value) {
  json.begin_object().member("key", key).key("value").begin_object();
  json.key("stringValue").value(value, kValueCap).end_object().end_object();
}

void write_attribute(JsonWriter& json, std::string_view key, std::uint64_t value) {
  json.begin_object().member("key", key).key("value").begin_object();
  json.member("intValue", std::to_string(value)).end_object().end_object();
}

}  // namespace

// The thread may lose its processor between the two looks: the closest of some counts.
void WallClock::set() {
  Duration closest = kNever;
  for (int i = 0; i < 5; ++i) {
    const Instant before = now();
    const WallTime wall = wall_now();
    const Instant after = now();
    if (after - before >= closest) continue;
    closest = after - before;
    wall_ = wall;
    steady_ = before + closest / 2;
  }
}

OtlpSpan::OtlpSpan(std::string& out, const WallClock& clock, const Head& head) : json_(out), clock_(clock) {
  out += ',';
  json_.begin_object().member("traceId", head.trace).member("spanId", hex(head.id));
  unsigned flags = head.sampled ? 1 : 0;
  if (head.parent != 0) {
    json_.member("parentSpanId", hex(head.parent));
    flags |= kHasIsRemote | (head.parent_is_remote ? kIsRemote : 0);
  }
  json_.member("flags", flags).key("name").value(head.name, kValueCap).member("kind", static_cast<int>(head.kind));
  json_.member("startTimeUnixNano", std::to_string(clock.nanoseconds(head.begin)));
  json_.member("endTimeUnixNano", std::to_string(clock.nanoseconds(std::max(head.begin, head.end))));
  json_.key("attributes").begin_array();
}

void OtlpSpan::attribute(std::string_view key, std::string_view value) {
  if (!value.empty()) write_attribute(json_, key, value);
}

void OtlpSpan::number(std::string_view key, std::uint64_t value) { write_attribute(json_, key, value); }

void OtlpSpan::event(std::string_view name, Instant at) {
  if (!in_events_) json_.end_array().key("events").begin_array();
  in_events_ = true;
  json_.begin_object().member("timeUnixNano", std::to_string(clock_.nanoseconds(at))).member("name", name).end_object();
}

void OtlpSpan::end(std::string_view error) {
  json_.end_array();
  if (!error.empty()) {
    json_.key("status").begin_object().member("code", kStatusError).member("message", error).end_object();
  }
  json_.end_object();
}

std::string otlp_begin(std::string_view service, std::string_view instance) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("resourceSpans").begin_array().begin_object();
  json.key("resource").begin_object().key("attributes").begin_array();
  write_attribute(json, "service.name", service);
  write_attribute(json, "service.version", std::string_view(TANDEM_VERSION));
  write_attribute(json, "service.instance.id", instance);
  write_attribute(json, "process.pid", static_cast<std::uint64_t>(::getpid()));
  json.end_array().end_object().key("scopeSpans").begin_array().begin_object();
  json.key("scope").begin_object().member("name", "tandem.gateway").member("version", TANDEM_VERSION).end_object();
  json.key("spans").begin_array();
  return text;
}

std::string_view otlp_end() { return "]}]}]}"; }

}  // namespace tandem::gateway
