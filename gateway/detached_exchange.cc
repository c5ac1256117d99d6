#include "gateway/detached_exchange.h"

#include <cstring>

#include "common/async/scheduler.h"
#include "gateway/generation.h"

namespace tandem::gateway {
namespace {

// Every view of an exchange but those of its request's fields.
template <class Visit>
void for_each_text(Exchange& exchange, Visit visit) {
  http::RequestHead& head = exchange.request;
  for (std::string_view* view : {&head.method_text, &head.target, &head.path, &head.query, &head.authority, &head.host,
                                 &exchange.path, &exchange.scheme, &exchange.client_request_id, &exchange.via}) {
    visit(*view);
  }
  for (std::uint32_t i = 0; i < exchange.params.count; ++i) visit(exchange.params.values[i]);
}

}  // namespace

void take_circumstances(Exchange& to, const Exchange& of) {
  to.generation = of.generation;
  to.route = of.route;
  to.started = async::Scheduler::current().now();
  to.peer = of.peer;
  to.client = of.client;
  to.scheme = of.scheme;
  to.tls = of.tls;
  to.id = of.id;
  to.trace = of.trace;
  to.spans.start_beside(of.spans);
  to.client_request_id = of.client_request_id;
  to.via = of.via;
  to.forwarding = of.forwarding;
  to.authorization = of.authorization;
  to.idle = of.idle;
  to.identity = of.identity;
}

DetachedExchange::DetachedExchange(const Exchange& of, async::CancelScope& parent)
    : generation_(of.generation->shared_from_this()),
      body_(of.body.local_address()),
      exchange_(of.worker, parent, body_) {
  if (of.tls) tls_ = *of.tls;
  take_circumstances(exchange_, of);
  exchange_.tls = tls_ ? &*tls_ : nullptr;
  copy_request(of.request);
  exchange_.path = of.path;
  exchange_.params = of.params;
  body_.begin(http::BodyFraming::none(), of.idle, {}, false);
  copy_texts();
}

void DetachedExchange::copy_request(const http::RequestHead& from) {
  http::RequestHead& to = exchange_.request;
  to.method = from.method;
  to.method_text = from.method_text;
  to.target = from.target;
  to.form = from.form;
  to.path = from.path;
  to.query = from.query;
  to.has_query = from.has_query;
  to.authority = from.authority;
  to.host = from.host;
  to.port = from.port;
  to.version_minor = from.version_minor;
  to.fields = from.fields;
  to.connection = from.connection;
  to.keep_alive = from.keep_alive;
}

void DetachedExchange::copy_texts() {
  std::size_t size = 0;
  for_each_text(exchange_, [&size](std::string_view text) { size += text.size(); });
  for (const http::Field& field : exchange_.request.fields) size += field.name.size() + field.value.size();
  texts_ = std::make_unique_for_overwrite<char[]>(size);
  char* at = texts_.get();
  const auto own = [&at](std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
    return std::string_view(at - text.size(), text.size());
  };
  for_each_text(exchange_, [&own](std::string_view& text) { text = own(text); });
  const http::Fields fields = std::exchange(exchange_.request.fields, {});
  for (const http::Field& field : fields) {
    const std::string_view name = own(field.name);
    exchange_.request.fields.add(name, own(field.value), field.id);
  }
}

}  // namespace tandem::gateway
