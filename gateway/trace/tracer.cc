#include "gateway/trace/tracer.h"

#include <algorithm>

#include "common/async/scheduler.h"
#include "common/balance/server.h"
#include "common/base/id.h"
#include "gateway/access_log.h"
#include "gateway/exchange.h"
#include "gateway/generation.h"
#include "gateway/trace/otlp.h"

namespace tandem::gateway {
namespace {

constexpr int kFirstFailure = 500;

// The path of the route's match, without method and host.
std::string_view path_of(std::string_view match) {
  const std::size_t slash = match.find('/');
  return slash == std::string_view::npos ? std::string_view() : match.substr(slash);
}

std::uint32_t count(const SpanList& spans) {
  std::uint32_t all = 0;
  spans.for_each([&all](const Span&) { ++all; });
  return all;
}

class Writer {
 public:
  Writer(std::string& out, const WallClock& clock, const Exchange& exchange)
      : out_(out), clock_(clock), exchange_(exchange) {}

  void write_exchange(const AccessRecord& record, Instant end) {
    const http::RequestHead& request = exchange_.request;
    const http::TraceContext& trace = exchange_.trace;
    const std::string_view template_path =
        exchange_.route ? path_of(exchange_.generation->config.routes[exchange_.route->index].match) : "";
    std::string name(http::method_text(request.method));
    if (name.empty()) name = "HTTP";
    if (!template_path.empty()) name.append(" ").append(template_path);
    OtlpSpan span(out_, clock_,
                  {.trace = trace.trace_id(),
                   .id = trace.span(),
                   .parent = trace.parent(),
                   .parent_is_remote = true,
                   .sampled = trace.sampled(),
                   .name = name,
                   .kind = OtlpKind::server,
                   .begin = exchange_.started,
                   .end = end});
    span.attribute("http.request.method", request.method_text);
    span.attribute("http.route", template_path);
    span.attribute("url.scheme", exchange_.scheme);
    span.attribute("url.path", record.path);
    span.attribute("server.address", request.host);
    span.attribute("client.address", exchange_.client.to_string());
    span.attribute("network.protocol.version", request.version_minor == 0 ? "1.0" : "1.1");
    span.attribute("user_agent.original", request.fields.value(http::FieldId::user_agent).value_or(""));
    if (record.status) span.number("http.response.status_code", *record.status);
    span.number("http.request.body.size", record.bytes_in);
    span.number("http.response.body.size", record.bytes_out);
    const bool failed = has_failed(record.status.value_or(0), record.reason);
    span.attribute("error.type", !record.reason.empty() ? record.reason : failed ? "upstream_status" : "");
    write_own(span, record);
    span.end(!failed ? std::string_view() : record.reason.empty() ? "upstream_status" : record.reason);
  }

  void write_part(const Span& of, Instant end) {
    std::string name(to_text(of.kind));
    name.append(" ").append(of.name);
    OtlpSpan span(out_, clock_,
                  {.trace = exchange_.trace.trace_id(),
                   .id = of.id,
                   .parent = of.parent,
                   .parent_is_remote = false,
                   .sampled = exchange_.trace.sampled(),
                   .name = name,
                   .kind = of.kind == SpanKind::attempt ? OtlpKind::client : OtlpKind::internal,
                   .begin = of.begin,
                   .end = of.end == Instant{} ? end : of.end});
    span.attribute("tandem.request_id", exchange_.id);
    if (of.kind == SpanKind::attempt) write_attempt(span, of);
    if (of.kind == SpanKind::part) span.attribute("tandem.part", of.result);
    if (of.status != 0) span.number("http.response.status_code", of.status);
    if (of.kind == SpanKind::auth) span.attribute("tandem.auth", of.result);
    if (of.kind == SpanKind::limit) span.attribute("tandem.limit", of.result);
    if (of.kind == SpanKind::cache) span.attribute("tandem.cache", of.result);
    const bool refused = of.status >= kFirstFailure;
    span.attribute("error.type", !of.error.empty() ? of.error : refused ? "upstream_status" : "");
    if (of.connected != Instant{}) span.event("connected", of.connected);
    if (of.answered != Instant{}) span.event("first_byte", of.answered);
    span.end(!of.error.empty() ? of.error : refused ? "upstream_status" : std::string_view());
  }

 private:
  void write_own(OtlpSpan& span, const AccessRecord& record) const {
    span.attribute("tandem.request_id", record.id);
    span.attribute("tandem.conn", record.conn);
    span.attribute("tandem.route", record.route);
    span.attribute("tandem.consumer", record.consumer);
    span.attribute("tandem.cache", record.cache);
    span.attribute("tandem.client_request_id", record.client_request_id);
    span.number("tandem.attempts", record.attempts);
  }

  void write_attempt(OtlpSpan& span, const Span& of) const {
    span.attribute("http.request.method", exchange_.request.method_text);
    span.attribute("tandem.upstream", of.name);
    if (of.server) {
      span.attribute("tandem.server", of.server->name());
      const Address& address = of.server->address();
      if (address.is_unix()) {
        span.attribute("server.address", address.to_string());
      } else {
        span.attribute("server.address", address.endpoint().ip.to_string());
        span.number("server.port", address.endpoint().port);
      }
    }
  }

  std::string& out_;
  const WallClock& clock_;
  const Exchange& exchange_;
};

}  // namespace

void Tracer::begin(Exchange& exchange, bool believed) {
  if (!config_ && !noting_) return;
  if (config_ && (!believed || exchange.trace.parent() == 0)) {
    exchange.trace.set_sampled(by_chance(config_->sample));
  }
  exchange.spans.start(pool_, exchange.trace.span());
}

void Tracer::end(Exchange& exchange, const AccessRecord& record) {
  if (!config_) return;
  if (!exchange.trace.sampled() && record.duration < config_->slow &&
      !has_failed(record.status.value_or(0), record.reason))
    return;
  const std::uint32_t spans = 1 + count(exchange.spans);
  if (!buffer_.queue().take_places(spans)) return;
  text_.clear();
  clock_.keep_up();
  Writer writer(text_, clock_, exchange);
  const Instant end = exchange.started + record.duration;
  writer.write_exchange(record, end);
  exchange.spans.for_each([&](const Span& span) { writer.write_part(span, end); });
  buffer_.push(text_, spans);
}

void Tracer::end_detached(Exchange& exchange) {
  if (!config_ || exchange.spans.empty()) return;
  const Instant end = async::Scheduler::current().now();
  bool wanted = exchange.trace.sampled() || end - exchange.started >= config_->slow;
  exchange.spans.for_each([&](const Span& span) { wanted |= !span.error.empty() || span.status >= kFirstFailure; });
  const std::uint32_t spans = count(exchange.spans);
  if (!wanted || spans == 0 || !buffer_.queue().take_places(spans)) return;
  text_.clear();
  clock_.keep_up();
  Writer writer(text_, clock_, exchange);
  exchange.spans.for_each([&](const Span& span) { writer.write_part(span, end); });
  exchange.spans.forget();  // who began it may take what it has
  buffer_.push(text_, spans);
}

}  // namespace tandem::gateway
