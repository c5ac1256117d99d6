#include "common/observe/admin.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <ranges>

#include "common/observe/admin_guard.h"
#include "common/observe/admin_path.h"
#include "common/observe/readiness.h"

namespace tandem::observe {
namespace {

std::string_view title_of(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 415: return "Unsupported Media Type";
    default: return "Error";
  }
}

AdminResponse readyz() {
  const ReadinessAnswer answer = readiness_answer();
  AdminResponse response{.status = answer.status, .body = std::string(answer.body)};
  if (!answer.gateway_state.empty()) response.headers.emplace_back(kGatewayStateHeader, answer.gateway_state);
  return response;
}

// A header that is not there is an empty view, also when nobody gave a way to look.
std::string_view header_of(const AdminRequest& request, std::string_view name) {
  return request.header ? request.header(name) : std::string_view();
}

// A request that a page of another site made its reader's browser send.
std::optional<AdminResponse> refuse_other_sites(const AdminRequest& request) {
  const std::string_view origin = header_of(request, "origin");
  if (!origin.empty() && !origin_is_own(origin, header_of(request, "host"))) {
    return admin_problem(403, "foreign_origin", "a page of another site asked (Origin)");
  }
  const FetchMetadata fetch = {header_of(request, "sec-fetch-site"), header_of(request, "sec-fetch-mode"),
                               header_of(request, "sec-fetch-dest")};
  if (!fetch_is_own(fetch, request.method)) {
    return admin_problem(403, "cross_site", "a page of another site asked (Sec-Fetch-Site)");
  }
  if (request.method == "POST" && is_form(header_of(request, "content-type"))) {
    return admin_problem(415, "form_post", "a form of a web page may order nothing; send no Content-Type of a form");
  }
  return std::nullopt;
}

// Nothing when the request may go on. A page that rebinds a name cannot know the token, and a unix socket is out of a
// browser's reach: Host is not looked at there. Without a Host (HTTP/1.0) it was no browser. What is open tells nothing
// that a token protects: where there is one, it may be loaded by any name.
std::optional<AdminResponse> refuse(const Admin::Options& options, const AdminRequest& request, bool is_open) {
  if (auto refused = refuse_other_sites(request)) return refused;
  const std::string_view host = header_of(request, "host");
  const bool has_token = bearer_is(header_of(request, "authorization"), options.token);
  const bool may_be_named = has_token || options.listen.is_unix() || (is_open && !options.token.empty());
  if (!may_be_named && !host.empty() && !host_is_literal(host)) {
    return admin_problem(403, "foreign_host", "ask by IP address or as localhost (Host)");
  }
  if (!options.token.empty() && !has_token && !is_open) {
    AdminResponse response = admin_problem(401, "unauthenticated", "needs Authorization: Bearer with the admin token");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"admin\"");
    return response;
  }
  return std::nullopt;
}

}  // namespace

AdminResponse admin_problem(int status, std::string_view reason, std::string_view detail) {
  AdminResponse response{.status = status, .content_type = "application/problem+json"};
  JsonWriter json(response.body);
  json.begin_object().member("type", "about:blank").member("title", title_of(status)).member("status", status);
  json.member("detail", detail).member("reason", reason).end_object();
  response.body += '\n';
  return response;
}

bool is_local(const Address& address) {
  if (address.is_unix()) return true;
  if (address.is_any()) return false;
  const IpAddress& ip = address.endpoint().ip;
  return ip.is_v4() ? ip.bytes[12] == 127 : ip == *IpAddress::parse("::1");
}

Admin::Admin(Options options, const Metrics& metrics) : options_(std::move(options)), metrics_(metrics) {
  // Probes say little and are often asked by tools that cannot hold a token.
  add_open_endpoint("/livez", [](const AdminRequest&) { return AdminResponse{.body = "alive\n"}; });
  add_open_endpoint("/readyz", [](const AdminRequest&) { return readyz(); });
  add_endpoint("GET", "/metrics", [this](const AdminRequest&) { return metrics_page(); });
  add_endpoint("GET", "/status", [this](const AdminRequest& request) { return status_page(request); });
}

AdminResponse Admin::handle(const AdminRequest& request) const {
  if (auto refused = refuse(options_, request, open_.contains(request.path))) return std::move(*refused);
  std::optional<std::vector<std::string>> params;
  const auto found = std::ranges::find_if(endpoints_, [&](const auto& endpoint) {
    params = match_admin_path(endpoint.first, request.path);
    return params.has_value();
  });
  if (found == endpoints_.end()) return admin_problem(404, "no_route", "there is no such admin endpoint");
  const auto& methods = found->second;
  const auto method = methods.find(request.method == "HEAD" ? "GET" : std::string(request.method));
  if (method == methods.end()) {
    AdminResponse response = admin_problem(405, "method_not_allowed", "this endpoint does not know the method");
    std::string allow;
    for (const auto& [name, handler] : methods) {
      allow.append(allow.empty() ? "" : ", ").append(name == "GET" ? "GET, HEAD" : name);
    }
    response.headers.emplace_back("Allow", allow);
    return response;
  }
  AdminRequest asked = request;
  asked.params = *std::move(params);
  AdminResponse response = method->second(asked);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

Registration Admin::add_status(std::string name, StatusProvider provider) {
  providers_.emplace_back(name, std::move(provider));
  return Registration(
      [this, name] { std::erase_if(providers_, [&name](const auto& entry) { return entry.first == name; }); });
}

void Admin::add_open_endpoint(std::string path, Handler handler) {
  open_.insert(path);
  add_endpoint("GET", std::move(path), std::move(handler));
}

void Admin::add_endpoint(std::string method, std::string path, Handler handler) {
  endpoints_[std::move(path)][std::move(method)] = std::move(handler);
}

AdminResponse Admin::metrics_page() const {
  AdminResponse response{.content_type = std::string(kMetricsContentType)};
  const auto text = std::make_shared<MetricsText>(metrics_.scrape());
  if (text->next(response.body)) response.more = [text](std::string& out) { return text->next(out); };
  return response;
}

AdminResponse Admin::status_page(const AdminRequest& request) const {
  const auto only = admin_query_value(request.query, "only");
  const auto is_wanted = [&only](std::string_view name) {
    if (!only) return true;
    for (const auto part : std::views::split(*only, ',')) {
      if (std::string_view(part) == name) return true;
    }
    return false;
  };
  AdminResponse response{.content_type = "application/json"};
  JsonWriter json(response.body);
  json.begin_object().member("program", options_.program).member("version", options_.version);
  json.member("pid", ::getpid()).member("state", to_string(readiness()));
  json.member("uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(now() - started_).count());
  for (const auto& [name, provider] : providers_) {
    if (!is_wanted(name)) continue;
    json.key(name);
    provider(json);
  }
  json.end_object();
  response.body += '\n';
  return response;
}

}  // namespace tandem::observe
