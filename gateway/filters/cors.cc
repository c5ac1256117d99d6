#include "gateway/filters/cors.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/http/byte_class.h"
#include "gateway/filters/vary.h"

namespace tandem::gateway {
namespace {

using http::FieldId;

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::ranges::find(list, item) != list.end();
}

// The value of a field that stands there once; empty otherwise.
std::string_view single(const http::Fields& fields, std::string_view name) {
  const http::Field* field = fields.find(name);
  return field && fields.count(name) == 1 ? field->value : std::string_view();
}

bool matches(std::string_view origin, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return origin == pattern;
  const std::string_view before = pattern.substr(0, star), behind = pattern.substr(star + 1);
  if (origin.size() <= before.size() + behind.size() || !origin.starts_with(before) || !origin.ends_with(behind)) {
    return false;
  }
  const std::string_view label = origin.substr(before.size(), origin.size() - before.size() - behind.size());
  return std::ranges::all_of(label, [](char c) {
    return (c >= 'a' && c <= 'z') || http::is_digit(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

void remove_foreign(http::Fields& fields) {
  constexpr std::string_view kFamily = "access-control-";
  fields.remove_if([&](const http::Field& field) {
    return field.id == FieldId::other && http::equals_ignoring_case(field.name.substr(0, kFamily.size()), kFamily);
  });
}

}  // namespace

std::string_view preflight_method(const http::RequestHead& request) {
  if (request.method != http::Method::options || single(request.fields, "origin").empty()) return {};
  return single(request.fields, "access-control-request-method");
}

bool is_listed_origin(std::string_view origin, const std::vector<std::string>& allowed) {
  if (origin.empty() || origin == "null") return false;
  return std::ranges::any_of(allowed,
                             [&](const std::string& pattern) { return pattern == "*" || matches(origin, pattern); });
}

Cors::Cors(const CorsConfig& config)
    : config_(config),
      any_origin_(contains(config.origins, "*")),
      any_header_(contains(config.headers, "*")),
      methods_(fmt::format("{}", fmt::join(config.methods, ", "))),
      headers_(fmt::format("{}", fmt::join(config.headers, ", "))),
      expose_(fmt::format("{}", fmt::join(config.expose, ", "))),
      max_age_(config.max_age
                   ? fmt::format("{}", std::chrono::duration_cast<std::chrono::seconds>(*config.max_age).count())
                   : std::string()) {}

async::Task<Result<Response>> Cors::handle(Exchange& exchange, Next next) const {
  if (const auto method = preflight_method(exchange.request); !method.empty()) {
    co_return answer_preflight(exchange, method);
  }
  auto response = co_await next(exchange);
  if (!response) co_return response;
  remove_foreign(response->fields);
  add_vary(*response, "Origin");
  const std::string_view origin = allowed_origin(exchange);
  if (origin.empty()) co_return response;
  response->fields.add("Access-Control-Allow-Origin", origin);
  if (config_.credentials) response->fields.add("Access-Control-Allow-Credentials", "true");
  if (!expose_.empty()) response->fields.add("Access-Control-Expose-Headers", expose_);
  co_return response;
}

std::string_view Cors::allowed_origin(const Exchange& exchange) const {
  const std::string_view origin = single(exchange.request.fields, "origin");
  if (!is_listed_origin(origin, config_.origins)) return {};
  return any_origin_ ? std::string_view("*") : origin;  // "*" never goes with credentials: load_gateway() refuses it
}

// Nothing is said about what is not allowed; the browser then gives up.
Response Cors::answer_preflight(const Exchange& exchange, std::string_view method) const {
  Response response;
  response.status = 204;
  response.fields.add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  const std::string_view origin = allowed_origin(exchange);
  if (origin.empty() || (!config_.methods.empty() && !contains(config_.methods, method))) return response;
  response.fields.add("Access-Control-Allow-Origin", origin);
  if (config_.credentials) response.fields.add("Access-Control-Allow-Credentials", "true");
  response.fields.add("Access-Control-Allow-Methods", methods_.empty() ? method : std::string_view(methods_));
  add_allowed_headers(exchange, response);
  if (!max_age_.empty()) response.fields.add("Access-Control-Max-Age", max_age_);
  return response;
}

void Cors::add_allowed_headers(const Exchange& exchange, Response& response) const {
  if (!any_header_) {
    if (!headers_.empty()) response.fields.add("Access-Control-Allow-Headers", headers_);
    return;
  }
  // A "*" would leave out Authorization, and mean nothing with credentials: what was asked for is named.
  std::string asked;
  http::for_each_element(single(exchange.request.fields, "access-control-request-headers"), [&](std::string_view name) {
    if (!http::is_token(name)) return;
    if (!asked.empty()) asked += ", ";
    asked += name;
  });
  if (!asked.empty()) response.add("Access-Control-Allow-Headers", std::move(asked));
}

}  // namespace tandem::gateway
