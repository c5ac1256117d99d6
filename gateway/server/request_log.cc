#include "gateway/server/request_log.h"

#include "common/async/scheduler.h"
#include "common/base/log.h"
#include "gateway/generation.h"
#include "gateway/server/connection.h"
#include "gateway/worker.h"

namespace tandem::gateway {

namespace {

// What the client saw; 0: nothing.
int status_of(const Response& response, const Delivery& delivery) {
  return delivery.head_sent || delivery.complete ? response.status : 0;
}

// Counts who called; true when the request is to be kept.
bool remember(const Exchange& exchange, int status, Duration took) {
  WorkerContext& worker = exchange.worker;
  const Instant at = exchange.started + took;
  if (const Identity* identity = exchange.identity.get(); identity && !identity->consumer.empty()) {
    worker.consumers.count(identity->provider, identity->consumer, status, at);
  }
  return worker.recent.wants(took, has_failed(status, exchange.report.reason), at);
}

}  // namespace

AccessRecord access_record(const Connection& connection, const Exchange& exchange, const Response& response,
                           const Delivery& delivery, Duration took) {
  AccessRecord record;
  record.time = wall_now();
  record.id = exchange.id;
  record.trace = exchange.trace.trace_id();
  record.conn = connection.id();
  record.client =
      IpEndpoint{exchange.client, exchange.client == exchange.peer.ip ? exchange.peer.port : std::uint16_t{0}};
  record.method = exchange.request.method_text;
  record.host = exchange.request.host;
  const std::string_view path = exchange.path.empty() ? exchange.request.path : exchange.path;
  record.path = path.substr(0, path.find('?'));
  if (exchange.route) record.route = exchange.route->name;
  if (const int status = status_of(response, delivery)) record.status = static_cast<std::uint16_t>(status);
  record.reason = exchange.report.reason;
  record.bytes_in = exchange.body.received();
  record.bytes_out = delivery.body_bytes;
  record.duration = took;
  record.upstream = exchange.report.upstream;
  record.server = exchange.report.server;
  record.upstream_time = exchange.report.upstream_time;
  record.attempts = exchange.report.attempts;
  record.cache = exchange.report.cache;
  record.limit = exchange.report.limit;
  record.parts = exchange.report.parts;
  if (exchange.identity) record.consumer = exchange.identity->consumer;
  record.client_request_id = exchange.client_request_id;
  const LogRules& rules = exchange.worker.access_log.rules();
  if (rules.query && exchange.request.has_query) {
    std::string& query = exchange.worker.query_text;
    query.clear();
    rules.redaction.append_query(query, exchange.request.query);
    record.query = query;
  }
  if (!rules.fields.empty()) record.fields = rules.values_of(exchange.request.fields);
  if (rules.format == observe::LogFormat::combined) {
    record.referer = exchange.request.fields.value(http::FieldId::referer).value_or("");
    record.user_agent = exchange.request.fields.value(http::FieldId::user_agent).value_or("");
    record.version_minor = exchange.request.version_minor;
  }
  return record;
}

void log_request(const Connection& connection, Exchange& exchange, const Response& response, const Delivery& delivery) {
  if (delivery.error && exchange.report.reason.empty()) {
    const bool client = delivery.error->origin == Origin::client || delivery.error->reason == "reset";
    exchange.report.reason = client ? "client_closed" : delivery.error->reason;
    exchange.report.detail = delivery.error->detail;
  }
  const Duration took = async::Scheduler::current().now() - exchange.started;
  const int status = status_of(response, delivery);
  // The worker's counters are found by the numbers of the present generation's routes.
  RequestMetrics of_earlier;
  const bool present = exchange.generation == connection.worker().generation().get();
  (present ? exchange.worker.metrics : of_earlier)
      .count(exchange.route, {.method = exchange.request.method,
                              .status = status,
                              .reason = exchange.report.reason,
                              .took = took,
                              .bytes_in = exchange.body.received(),
                              .bytes_out = delivery.body_bytes});
  if (!exchange.report.detail.empty()) {
    log_debug("request {}: {}: {}", exchange.id, exchange.report.reason, exchange.report.detail);
  }
  WorkerContext& worker = exchange.worker;
  const AccessLog& log = worker.access_log;
  const bool exported = worker.tracer.exports() && exchange.spans.on();
  const bool traced = exported && exchange.trace.sampled();  // who has the trace finds the line
  const bool logged = !log.is_off() && !(response.upgraded && delivery.complete) &&
                      (traced || log.rules().wants(status, exchange.report.reason));
  const bool remembered = worker.remembers && remember(exchange, status, took);
  if (!logged && !exported && !remembered) return;
  const AccessRecord record = access_record(connection, exchange, response, delivery, took);
  if (remembered) worker.recent.keep(record, exchange.spans, exchange.started, exchange.started + took);
  if (exported) worker.tracer.end(exchange, record);
  if (logged) worker.access_log.write(record);
}

}  // namespace tandem::gateway
