#include "gateway/filters/mirror.h"

#include <atomic>

#include "common/async/scheduler.h"
#include "common/http/client_connection.h"
#include "gateway/auth/credential.h"
#include "gateway/handlers/announcement.h"
#include "gateway/handlers/request_key.h"
#include "gateway/handlers/service_head.h"
#include "gateway/handlers/upstream_attempt.h"
#include "gateway/handlers/values.h"
#include "gateway/routing/destination.h"
#include "gateway/worker_context.h"

namespace tandem::gateway {

struct MirrorTarget {
  MirrorConfig mirror;
  UpstreamConfig config;
  std::shared_ptr<balance::Upstream> upstream;
  routing::Template path;
  std::vector<CredentialSource> credentials;  // where the route's callers may show theirs
  Duration timeout;
  std::atomic<std::uint32_t> copies{0};  // under way, of all workers

  struct Counts {
    Counter answered, failed, too_large, unfinished, overloaded;
  } count;
};

namespace {

Instant turn() { return async::Scheduler::current().now(); }

// One of the copies that may be under way at a time.
class Place {
 public:
  explicit Place(std::shared_ptr<MirrorTarget> target) : target_(std::move(target)) {
    if (target_->copies.fetch_add(1, std::memory_order_relaxed) < kMostCopies) return;
    target_->copies.fetch_sub(1, std::memory_order_relaxed);
    target_.reset();
  }
  Place(Place&&) noexcept = default;
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (target_) target_->copies.fetch_sub(1, std::memory_order_relaxed);
  }
  explicit operator bool() const { return target_ != nullptr; }
  MirrorTarget& operator*() const { return *target_; }

 private:
  std::shared_ptr<MirrorTarget> target_;
};

struct Copy {
  balance::Lease lease;
  http::Method method = http::Method::get;
  http::BodyFraming framing;
  std::string announcement;  // of the client: a PROXY header, or empty
  std::string head;
  std::string body;
};

async::Task<Result<void>> read_away(http::ClientConnection& connection, Instant deadline) {
  for (std::uint64_t bytes = 0;;) {
    const auto run = co_await connection.read_body(deadline);
    if (!run) co_return std::unexpected(run.error());
    if (run->empty()) co_return Result<void>{};
    bytes += run->size();
    if (bytes > kMostMirrorAnswer) co_return fail(Origin::upstream, "upstream_protocol", "the answer is too long");
  }
}

async::Task<Result<void>> exchange_copy(const MirrorTarget& target, WorkerContext& worker, Copy& copy,
                                        Instant deadline) {
  auto connection = worker.pool(copy.lease.server()).take();
  if (!connection) {
    const Instant begun = turn();
    const Instant until = std::min(deadline_after(begun, target.config.connect_timeout), deadline);
    auto stream =
        co_await connect_to_service(target.upstream->options(), copy.lease.address(), copy.announcement, until);
    if (!stream) co_return std::unexpected(std::move(stream.error()));
    copy.lease.connected(turn() - begun, turn());
    connection = std::make_unique<http::ClientConnection>(std::move(*stream), kServerWriteIdle);
  }
  const Instant asked = turn();
  copy.lease.turnaround_started(asked);
  connection->outbound().begin(before_head(target.upstream->options(), copy.announcement) + copy.head, copy.framing);
  Result<void> sent;
  if (!copy.body.empty()) sent = co_await connection->outbound().write(copy.body, true);
  if (sent) sent = co_await connection->outbound().finish();
  if (sent) connection->request_done();  // else it may have answered early
  const auto head = co_await connection->read_response_head(copy.method, deadline);
  if (!head) co_return std::unexpected(head.error());
  copy.lease.turnaround(turn() - asked, turn());
  if (auto read = co_await read_away(*connection, deadline); !read) co_return read;
  if (connection->reusable()) worker.pool(copy.lease.server()).give_back(std::move(connection));
  co_return Result<void>{};
}

async::Task<void> send_copy(Place place, WorkerContext& worker, Copy copy) {
  const Instant deadline = deadline_after(turn(), (*place).timeout);
  async::CancelScope scope(worker.background->scope());
  scope.set_deadline(deadline, Origin::upstream, "upstream_timeout");
  const auto done = co_await async::within(scope, exchange_copy(*place, worker, copy, deadline));
  if (!done && done.error().origin == Origin::upstream) copy.lease.failed(balance::FailureKind::reset, turn());
  (done ? (*place).count.answered : (*place).count.failed).add();
}

Result<Copy> make_copy(const MirrorTarget& target, const Exchange& exchange, std::string body) {
  Copy copy;
  std::string line;
  http::Fields fields = exchange.request.fields;
  routing::TemplateValues values = template_values(exchange);
  std::forward_list<std::string> kept;  // what `fields` and `values` point to
  if (!target.mirror.credentials) {
    fields.remove(http::FieldSet(http::FieldId::authorization, http::FieldId::proxy_authorization,
                                 http::FieldId::cookie, http::FieldId::x_client_cert));
    std::string_view query = values.query.value_or("");
    for (const CredentialSource& source : target.credentials) remove_credential(source, fields, query, kept);
    if (query.empty()) values.query.reset();
    if (values.query) values.query = query;
  }
  if (auto written = routing::append_target(line, target.path, values); !written) {
    return std::unexpected(std::move(written.error()));
  }
  auto lease =
      target.upstream->pick({.hash = pick_hash(*target.upstream, target.config, exchange), .tried = {}, .now = turn()});
  if (!lease) return std::unexpected(std::move(lease.error()));
  copy.lease = std::move(*lease);
  copy.method = exchange.request.method;
  copy.body = std::move(body);
  copy.framing =
      exchange.request.framing.is_empty() ? exchange.request.framing : http::BodyFraming::of_length(copy.body.size());
  copy.announcement = announcement(target.upstream->options().proxy_protocol, exchange);
  auto head = service_request_head(exchange, target.config.host, copy.lease.address(), line, fields, copy.framing);
  if (!head) return std::unexpected(std::move(head.error()));
  copy.head = std::move(*head);
  return copy;
}

void launch(Place place, const Exchange& exchange, std::string body) {
  auto copy = make_copy(*place, exchange, std::move(body));
  if (!copy) return (*place).count.failed.add();
  exchange.worker.background->spawn(send_copy(std::move(place), exchange.worker, std::move(*copy)));
}

Counter counter(const std::string& route, const char* result) {
  return Counters::counter("gateway_mirror_total", "Copies of requests, by what became of them",
                           {{"route", route}, {"result", result}});
}

}  // namespace

Mirror::Mirror(const RouteConfig& route, const UpstreamConfig& config, std::shared_ptr<balance::Upstream> upstream,
               routing::Template path, std::vector<CredentialSource> credentials)
    : target_(std::make_shared<MirrorTarget>(*route.mirror, config, std::move(upstream), std::move(path),
                                             std::move(credentials),
                                             std::min<Duration>(route.timeout, std::chrono::seconds(60)))) {
  target_->count = {counter(route.name, "answered"), counter(route.name, "failed"),
                    counter(route.name, "body_too_large"), counter(route.name, "unfinished"),
                    counter(route.name, "overloaded")};
}

async::Task<Result<Response>> Mirror::handle(Exchange& exchange, Next next) const {
  MirrorTarget& target = *target_;
  if (exchange.websocket) co_return co_await next(exchange);
  Place place(target_);
  if (!place) {
    target.count.overloaded.add();
    co_return co_await next(exchange);
  }
  if (exchange.request.framing.is_empty()) {
    launch(std::move(place), exchange, {});
    co_return co_await next(exchange);
  }
  exchange.body.keep_copy(target.mirror.max_body);
  auto response = co_await next(exchange);
  if (!exchange.body.copying() || exchange.body.copied().size() > target.mirror.max_body) {
    target.count.too_large.add();
  } else if (!exchange.body.done()) {
    target.count.unfinished.add();  // refused, answered early, or broken off
  } else {
    launch(std::move(place), exchange, exchange.body.take_copy());
  }
  co_return response;
}

}  // namespace tandem::gateway
