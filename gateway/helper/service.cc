#include "gateway/helper/service.h"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "common/async/scheduler.h"
#include "common/http/byte_class.h"
#include "gateway/detached_exchange.h"

namespace tandem::gateway {
namespace {

using Answer = HelperService::Answer;

routing::Template as_template(const std::string& path) {
  auto parsed = routing::Template::parse(path, {}, routing::Template::Names::params);
  assert(parsed && "load_gateway() has checked it");
  return *std::move(parsed);
}

// The name that its certificate must have, or that DNS knows it by.
std::string name_of(const balance::UpstreamOptions& options) {
  if (options.tls && !options.tls->server_name.empty()) return options.tls->server_name;
  return {};
}

async::Task<std::expected<std::string, Error>> gather(Response& response, std::size_t most_bytes) {
  std::string body;
  if (!response.body) co_return body;
  while (response.framing.kind != http::BodyFraming::Kind::none) {
    const auto run = co_await response.body->read();
    if (!run) co_return std::unexpected(run.error());
    if (run->empty()) break;
    if (body.size() + run->size() > most_bytes) {
      co_return fail(Origin::upstream, "upstream_protocol",
                     fmt::format("its answer is over {} KiB", most_bytes / 1024));
    }
    body += *run;
  }
  co_return body;
}

// What a person reads of why there was no answer.
Error in_words(Error error) {
  if (error.reason == "timeout" || error.reason == "upstream_timeout") error.detail = "there was no answer in time";
  if (error.detail.empty()) error.detail = error.reason;
  return error;
}

}  // namespace

const std::string* Answer::field(std::string_view name) const {
  const std::string* found = nullptr;
  for (const auto& [known, value] : fields) {
    if (!http::equals_ignoring_case(known, name)) continue;
    if (found) return nullptr;
    found = &value;
  }
  return found;
}

HelperService::HelperService(balance::Upstream& upstream, const UpstreamConfig& config, UpstreamHistory& history,
                             const std::string& path, Duration timeout)
    : host_(name_of(upstream.options())),
      timeout_(timeout),
      proxy_(upstream, config, history, as_template(path), timeout) {}

async::Task<std::expected<Answer, Error>> HelperService::run(Exchange& exchange, std::size_t most_bytes) const {
  auto response = co_await proxy_.handle(exchange);
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (!response->refusal.empty()) co_return fail(Origin::upstream, response->refusal);
  Answer answer;
  answer.status = response->status;
  // Before the body, which may come into the bytes that they point to.
  for (const http::Field& field : response->fields) answer.fields.emplace_back(field.name, field.value);
  auto body = co_await gather(*response, most_bytes);
  if (!body) co_return std::unexpected(std::move(body.error()));
  answer.body = *std::move(body);
  co_return answer;
}

async::Task<std::expected<Answer, Error>> HelperService::ask(Exchange& of, Request request) const {
  RequestBody body(of.body.local_address());
  Exchange exchange(of.worker, of.scope, body);
  take_circumstances(exchange, of);
  http::RequestHead& head = exchange.request;
  head.method = request.method;
  head.method_text = http::method_text(request.method);
  head.authority = host_;
  head.fields = std::move(request.fields);
  body.begin(http::BodyFraming::none(), timeout_, {}, false);
  if (request.method == http::Method::post) {
    head.framing = http::BodyFraming::of_length(request.body.size());
    body.begin(std::move(request.body));
  }
  const Instant deadline = deadline_after(async::Scheduler::current().now(), timeout_);
  exchange.idle = timeout_;
  exchange.scope.set_deadline(deadline, Origin::upstream, "upstream_timeout");
  auto answer = co_await async::within(exchange.scope, run(exchange, request.most_bytes));
  exchange.tasks.cancel(Error{Origin::internal, "answered", false, {}});
  co_await exchange.tasks.until_empty();
  of.spans.take(exchange.spans);
  if (answer) co_return answer;
  if (of.scope.cancelled()) co_return std::unexpected(*of.scope.reason());
  answer.error().origin = Origin::upstream;
  co_return std::unexpected(in_words(std::move(answer.error())));
}

}  // namespace tandem::gateway
