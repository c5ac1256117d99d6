#include "gateway/ecs_log.h"

namespace tandem::gateway {
namespace {

constexpr int kFirstFailure = 500;

std::optional<std::uint64_t> if_known(std::uint64_t number) {
  return number == 0 ? std::nullopt : std::optional(number);
}

void write_http(observe::LogLine& line, const AccessRecord& r) {
  line.text("http.request.id", r.id).text("trace.id", r.trace).text("http.request.method", r.method);
  line.number("http.response.status_code", r.status);
  line.number("http.request.body.bytes", r.bytes_in).number("http.response.body.bytes", r.bytes_out);
  line.endpoint("client.ip", {r.client.ip, 0}).number("client.port", if_known(r.client.port));
  line.text("url.domain", r.host).text("url.path", r.path).text("url.query", r.query).text("user.name", r.consumer);
}

}  // namespace

void write_ecs(std::string& out, const LogRules& rules, const AccessRecord& r) {
  observe::LogLine line(observe::LogFormat::ecs, out);
  const bool failed = !r.status || *r.status >= kFirstFailure;
  line.time("@timestamp", r.time).json("ecs.version", R"("8.11.0")").json("event.kind", R"("event")");
  line.json("event.category", R"(["web"])").json("event.type", R"(["access"])");
  line.json("event.dataset", R"("gateway.access")").text("event.outcome", failed ? "failure" : "success");
  line.text("event.reason", r.reason).number("event.duration", static_cast<std::uint64_t>(r.duration.count()));
  write_http(line, r);
  line.text("tandem.conn", r.conn).text("tandem.route", r.route).text("tandem.upstream", r.upstream);
  line.text("tandem.server", r.server).milliseconds("tandem.upstream_ms", r.upstream_time);
  line.number("tandem.attempts", r.attempts).text("tandem.cache", r.cache).text("tandem.limit", r.limit);
  line.text("tandem.parts", r.parts);
  line.text("tandem.client_request_id", r.client_request_id);
  for (std::size_t i = 0; i < rules.fields.size(); ++i) line.named(rules.fields[i].ecs_key, r.fields[i]);
  (void)line.end();
}

}  // namespace tandem::gateway
