#include "gateway/config_trace.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/http/byte_class.h"
#include "gateway/config_helper.h"

namespace tandem::gateway {
namespace {

using namespace config;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kPath = "/v1/traces";  // OTLP over HTTP: of an endpoint that has none
constexpr std::string_view kOwn[] = {"host", "content-length", "content-type", "transfer-encoding", "connection"};

bool read_header(Reader& reader, const Member& member, Headers& to) {
  const auto scope = reader.inside(quoted(member.key));
  const auto is_own = [&](std::string_view own) { return http::equals_ignoring_case(own, member.key); };
  if (!http::is_token(member.key)) return reader.error(member.place, "this is no name of a field");
  if (std::ranges::any_of(kOwn, is_own)) return reader.error(member.place, "the gateway writes this field itself");
  std::optional<std::string> value;
  if (!secret().read(reader, member.value, value)) return false;
  if (std::ranges::any_of(*value, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; })) {
    return reader.error(member.value.place, "a field's value is one line without control characters");
  }
  to.emplace_back(member.key, *std::move(value));
  return true;
}

Kind<Headers> headers() {
  Kind<Headers> kind;
  kind.read = [](Reader& reader, const Value& value, Headers& to) {
    if (!value.table()) return reader.expected("a table of fields", value);
    bool good = true;
    Headers read;
    for (const Member& member : *value.table()) {
      reader.diagnostics().hide_line(member.place);
      good = read_header(reader, member, read) && good;
    }
    if (good) to = std::move(read);
    return good;
  };
  kind.show = [](const Headers& fields) -> std::optional<Value> {
    if (fields.empty()) return std::nullopt;
    Value shown;
    for (const auto& [name, value] : fields) shown.set(name, "********");
    return shown;
  };
  kind.schema = [] {
    Value schema;
    schema.set("type", "object").set("additionalProperties", secret().schema());
    return schema;
  };
  kind.secret = true;
  return kind;
}

const Section<TraceConfig>& trace_section() {
  const Duration least = std::chrono::milliseconds(10), most = std::chrono::minutes(5);
  static const Section<TraceConfig> section =
      Section<TraceConfig>()
          .field("endpoint", &TraceConfig::endpoint, http_url(),
                 "The collector's URL, such as \"http://127.0.0.1:4318\"; without a path it is /v1/traces.")
          .required()
          .at(&TraceConfig::place)
          .field("sample", &TraceConfig::sample, share(0),
                 "The share of requests that are exported whatever becomes of them. A parent's choice counts instead "
                 "where it comes from `trusted_proxies`.")
          .field("slow", &TraceConfig::slow, duration_or_none(Duration::zero()),
                 "Requests that take as long are always exported, as are those that fail.")
          .field("headers", &TraceConfig::headers, headers(),
                 "Fields of the requests to the collector, such as an API key: { X-Api-Key = { env = \"KEY\" } }.")
          .field("verify", &TraceConfig::trust, trust(),
                 "Who is believed with https: \"system\" (this machine's authorities), or a PEM file of authorities.")
          .field("timeout", &TraceConfig::timeout, duration(least, most), "Of one request to the collector.")
          .field("interval", &TraceConfig::interval, duration(least, most), "How long spans are gathered.")
          .field("queue", &TraceConfig::queue, integer<std::uint32_t>(64, 1'000'000),
                 "Spans that wait at most; what is beyond it is dropped and counted.")
          .field("service", &TraceConfig::service, text(), "What the collector calls this gateway: service.name.");
  return section;
}

}  // namespace

Kind<std::optional<TraceConfig>> trace() { return maybe_table(trace_section()); }

void settle_trace(Reader& reader, std::optional<TraceConfig>& trace) {
  if (!trace || !trace->endpoint) return;
  const auto scope = reader.inside("trace");
  HttpUrl& url = *trace->endpoint;
  if (url.target == "/") url.target = kPath;
  if (url.secure) {
    (void)settle_trust(reader, trace->place, trace->trust);
  } else if (!trace->headers.empty() && !is_loopback(url)) {
    reader.warning(trace->place,
                   fmt::format("`headers` goes to {} without TLS: anybody on the way can read it", url.host));
  }
}

}  // namespace tandem::gateway
