#include "gateway/handlers/aggregate/call.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/async/scheduler.h"
#include "common/async/yield.h"
#include "common/http/byte_class.h"
#include "gateway/detached_exchange.h"
#include "gateway/json/text.h"

namespace tandem::gateway {
namespace {

using http::FieldId;

constexpr int kRunsPerTurn = 16;

// The request of a part. What it shows of the client's points into the client's exchange.
class PartExchange {
 public:
  PartExchange(const Exchange& of, async::CancelScope& parent, const CallOrder& order)
      : body_(of.body.local_address()), exchange_(of.worker, parent, body_) {
    take_circumstances(exchange_, of);
    exchange_.spans.start_beside(of.spans, order.span);
    http::RequestHead& head = exchange_.request;
    head.method = order.config.method;
    head.method_text = http::method_text(head.method);
    head.target = order.target;
    const std::size_t question = order.target.find('?');
    head.path = head.target.substr(0, question);
    head.has_query = question != std::string::npos;
    if (head.has_query) head.query = head.target.substr(question + 1);
    exchange_.path = head.path;
    head.authority = of.request.authority;
    head.host = of.request.host;
    head.port = of.request.port;
    add_fields(of, order);
    body_.begin(http::BodyFraming::none(), of.idle, {}, false);
    if (order.config.method == http::Method::post) {
      head.framing = http::BodyFraming::of_length(order.body.size());
      body_.begin(order.body);
    }
  }
  PartExchange(const PartExchange&) = delete;
  PartExchange& operator=(const PartExchange&) = delete;

  Exchange& exchange() { return exchange_; }

 private:
  void add_fields(const Exchange& of, const CallOrder& order) {
    http::Fields& fields = exchange_.request.fields;
    for (const http::Field& field : of.request.fields) {
      const auto named = [&field](std::string_view name) { return http::equals_ignoring_case(field.name, name); };
      if (std::ranges::any_of(order.plan.headers, named)) fields.add(field.name, field.value, field.id);
    }
    if (!order.config.as_string && !fields.has(FieldId::accept)) fields.add("Accept", "application/json");
    if (order.plan.body) fields.add("Content-Type", "application/json");
  }

  RequestBody body_;
  Exchange exchange_;
};

// "application/json; charset=utf-8" as its two pieces, in lower case.
struct MediaType {
  std::string name;
  std::string charset;
};

MediaType media_type(std::string_view value) {
  MediaType type;
  const auto lower = [](std::string_view text) {
    std::string out;
    for (const char c : http::trim(text)) out += http::to_lower(c);
    return out;
  };
  type.name = lower(value.substr(0, value.find(';')));
  const std::string parameters = lower(value.substr(std::min(value.find(';'), value.size())));
  if (const std::size_t at = parameters.find("charset="); at != std::string::npos) {
    std::string_view name = std::string_view(parameters).substr(at + 8);
    name = http::trim(name.substr(0, name.find(';')));
    if (name.size() >= 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
    type.charset = name;
  }
  return type;
}

bool is_json(std::string_view type) {
  return type.empty() || type == "application/json" || type == "text/json" || type.ends_with("+json");
}

PartFailure failure(std::string_view err, std::string detail) { return {.err = err, .detail = std::move(detail)}; }

// Why the head of an answer rules out that its body is of use.
std::optional<PartFailure> refuse_head(const Response& response, const PartConfig& config) {
  if (response.status < 200 || response.status > 299 || response.status == 206) {
    PartFailure made{.err = response.refusal.empty() ? "status" : response.refusal,
                     .status = response.refusal.empty() ? response.status : 0,
                     .detail = fmt::format("the service answered {}", response.status)};
    made.retry_after = response.fields.value(FieldId::retry_after).value_or("");
    made.authenticate = response.fields.joined(FieldId::www_authenticate);
    return made;
  }
  if (const auto coding = response.fields.value(FieldId::content_encoding);
      coding && !http::equals_ignoring_case(*coding, "identity")) {
    return failure("encoding", fmt::format("the body is encoded: {}", *coding));
  }
  const MediaType type = media_type(response.fields.value(FieldId::content_type).value_or(""));
  const bool utf8 =
      type.charset.empty() || type.charset == "utf-8" || type.charset == "utf8" || type.charset == "us-ascii";
  if (!utf8) return failure("charset", fmt::format("the body is in {}", type.charset));
  if (!config.as_string && !is_json(type.name)) {
    return failure("content_type", fmt::format("the body is no JSON but {}", type.name));
  }
  if (response.framing.kind == http::BodyFraming::Kind::length && response.framing.length > config.max_size) {
    return failure("too_large", fmt::format("the body has {} bytes", response.framing.length));
  }
  return std::nullopt;
}

bool take(std::string& body, std::string_view run, const CallOrder& order) {
  ByteBudget& budget = order.budget;
  budget.exceeded = budget.exceeded || run.size() > budget.left;
  if (budget.exceeded || body.size() + run.size() > order.config.max_size) return false;
  budget.left -= run.size();
  body += run;
  return true;
}

async::Task<std::optional<PartFailure>> gather(Response& response, std::string& body, const CallOrder& order) {
  if (response.framing.kind == http::BodyFraming::Kind::length) body.reserve(response.framing.length);
  if (!response.body) {
    if (take(body, response.text, order)) co_return std::nullopt;
    co_return failure("too_large", "the body is too long");
  }
  for (int runs = 1; response.framing.kind != http::BodyFraming::Kind::none; ++runs) {
    auto run = response.body->try_read();
    if (!run) run = co_await response.body->read();
    if (!*run) {
      const Error& error = run->error();
      co_return failure(error.reason == "timeout" ? "timeout" : part_error(error), error.detail);
    }
    if ((*run)->empty()) break;
    if (!take(body, **run, order)) co_return failure("too_large", "the body is too long");
    if (runs % kRunsPerTurn == 0) co_await async::yield();
  }
  co_return std::nullopt;
}

// Makes a document of a body and goes to the place that counts.
std::optional<PartFailure> read_body(CallResult& result, std::string body, const CallOrder& order) {
  if (result.status == 204 || result.status == 205) return std::nullopt;
  if (order.config.as_string) {
    if (!json::is_utf8(body)) return failure("charset", "the body is no UTF-8");
    body = json::quote(body);
  }
  auto document = json::Document::parse(std::move(body));
  if (!document) return failure("json", fmt::format("the body: {}", document.error()));
  const auto root = json::follow(*document, 0, order.plan.take);
  if (!root) return failure("take", "there is nothing at the place that `take` names");
  if (order.plan.put.empty() && !document->is(*root, json::Document::Kind::object)) {
    return failure("not_object", "what would be merged at the root is no object");
  }
  if (order.plan.shape.makes_names_meet(*document, *root)) {
    return failure("rename", "a name stands there already that another one would get");
  }
  result.document = *std::move(document);
  result.root = *root;
  return std::nullopt;
}

async::Task<std::optional<PartFailure>> ask(Exchange& exchange, const CallOrder& order, CallResult& result) {
  const Instant asked = async::Scheduler::current().now();
  auto response = co_await order.chain.run(exchange);
  if (!response) co_return PartFailure{.err = part_error(response.error()), .detail = response.error().detail};
  result.status = response->status;
  if (auto refused = refuse_head(*response, order.config)) co_return refused;
  result.freshness.add({response->status, response->fields, wall_now(), async::Scheduler::current().now() - asked});
  std::string body;
  if (auto broken = co_await gather(*response, body, order)) co_return broken;
  response = Response();  // its connection can serve others
  co_return read_body(result, std::move(body), order);
}

}  // namespace

async::Task<CallResult> call_service(Exchange& of, async::CancelScope& scope, CallOrder order) {
  PartExchange part(of, scope, order);
  Exchange& exchange = part.exchange();
  CallResult result;
  if (auto failed = co_await async::within(exchange.scope, ask(exchange, order, result))) {
    result.failure = *std::move(failed);
  }
  exchange.tasks.cancel(Error{Origin::internal, "answered", false, {}});
  co_await exchange.tasks.until_empty();
  exchange.spans.end_all(async::Scheduler::current().now());
  of.spans.take(exchange.spans);
  result.cache = exchange.report.cache;
  result.attempts = exchange.report.attempts;
  co_return result;
}

}  // namespace tandem::gateway
