// What a client says of encodings, media types and traces: weights stay in their bounds, and what goes on to a service
// is always a well-formed traceparent.
#include <cstdint>
#include <string_view>

#include "common/http/negotiate.h"
#include "common/http/trace_context.h"
#include "tests/fuzz/require.h"

using namespace tandem::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string_view coding : {"gzip", "br", "identity"}) {
    const int weight = coding_weight(bytes, coding).value_or(0);
    require(weight >= 0 && weight <= 1000);
  }
  const int liked = media_weight(bytes, "text/html");
  require(liked >= 0 && liked <= 1000);

  const std::string_view parent = bytes.substr(0, bytes.find('\n'));
  Fields fields;
  fields.add("traceparent", parent);
  if (parent.size() < bytes.size()) fields.add("tracestate", bytes.substr(parent.size() + 1));
  const bool sound = is_traceparent(parent);
  const TraceContext trace = TraceContext::of(fields);
  require(is_traceparent(trace.traceparent()) && trace.traceparent().size() == 55);
  require(!fields.has(FieldId::traceparent));
  require(!sound || trace.trace_id() == parent.substr(3, 32));
  require(sound || !fields.has(FieldId::tracestate));
  return 0;
}
