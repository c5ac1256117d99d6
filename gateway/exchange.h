// One request and its answer on the way through the gateway. Owned by the coroutine that serves it, on its worker's
// thread; nothing that it started outlives it.
#pragma once
#include <forward_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/async/task_group.h"
#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/http/forwarding.h"
#include "common/http/message.h"
#include "common/http/trace_context.h"
#include "common/net/tls_facts.h"
#include "gateway/identity.h"
#include "gateway/rate_limit/fields.h"
#include "gateway/routing/table.h"
#include "gateway/server/request_body.h"
#include "gateway/trace/span.h"

namespace tandem::gateway {

struct Generation;
struct Route;
struct WorkerContext;

// What is told of an exchange when it is over: the access log's and the metrics' material.
struct ExchangeReport {
  std::string_view reason;  // a stable token; empty when a service answered and all went well
  std::string detail;       // for the process log at level debug
  std::string upstream;
  std::string server;
  std::optional<Duration> upstream_time;  // from the request sent to the answer's head
  std::uint32_t attempts = 0;
  std::string_view cache;  // what a cache had for it: "hit", "miss" …; empty: none was asked
  std::string_view limit;  // the limit that has refused it, or would have; the configuration's
  std::string parts;       // of an aggregate: what became of each, as Gateway-Parts says it
};

struct Exchange {
  Exchange(WorkerContext& worker_context, async::CancelScope& parent, RequestBody& request_body)
      : worker(worker_context), body(request_body), scope(parent), tasks(scope) {}

  WorkerContext& worker;
  const Generation* generation = nullptr;
  const Route* route = nullptr;

  http::RequestHead request;
  std::string head_bytes;   // what `request` points to
  std::string path_buffer;  // of a path that had to be normalised
  std::string_view path;    // normalised: what is matched and what is forwarded
  routing::Params params;
  RequestBody& body;

  Instant started{};  // the head was complete
  IpEndpoint peer;    // of the socket, or what an accepted PROXY header announced
  IpAddress client;   // the peer, or the client behind trusted proxies
  std::string_view scheme = "http";
  const net::TlsFacts* tls = nullptr;  // of the client's connection; null: it is plain
  std::string id;                      // "<connection>-<n>"
  http::TraceContext trace;            // told to the service and to the log
  SpanList spans;                      // of that trace
  std::string_view client_request_id;  // the client's own X-Request-Id, where it is believed
  std::string_view via;                // our pseudonym in Via
  http::Forwarding forwarding;         // what a service is told of the client
  bool authorization = false;          // it came with Authorization, which may have been removed since
  bool websocket = false;              // it asks for a WebSocket, by every rule, and its route lets it
  Duration idle = kNever;              // how long what streams may stand still, on either side

  std::shared_ptr<const Identity> identity;  // once a filter has found out who calls

  // Keeps a text that `request` or an answer is to point to. The view lives as long as the exchange.
  std::string_view keep(std::string text) { return kept.emplace_front(std::move(text)); }
  std::forward_list<std::string> kept;

  // What is counted while the exchange is under way, such as a place under a limit: let go at its end.
  std::forward_list<std::shared_ptr<const void>> held;

  LimitFields limits;  // what the answer tells of limits, whoever gives it
  ExchangeReport report;
  async::CancelScope scope;  // cancelled when the client resets, or the process ends
  async::TaskGroup tasks;    // what goes on beside the serving coroutine: uploads
};

}  // namespace tandem::gateway
