#include "gateway/explain_command.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "common/http/byte_class.h"
#include "common/http/forwarding.h"
#include "common/http/head_parser.h"
#include "common/http/path.h"
#include "common/http/problem.h"
#include "common/http/write_head.h"
#include "gateway/auth/identity_fields.h"
#include "gateway/filters/cache/request.h"
#include "gateway/filters/cors.h"
#include "gateway/handlers/redirect.h"
#include "gateway/routing/destination.h"
#include "gateway/routing/explain.h"
#include "gateway/routing/redirect.h"
#include "gateway/server/find_route.h"

namespace tandem::gateway {
namespace {

struct Url {
  bool secure = false;
  std::string authority;  // empty: none was given
  std::string target;
};

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  text = text.substr(0, text.find('#'));  // no client sends it
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    url.secure = scheme == "https://";
    text.remove_prefix(scheme.size());
    url.authority = text.substr(0, text.find_first_of("/?"));
    text.remove_prefix(url.authority.size());
    if (url.authority.empty()) return std::nullopt;
    url.target = text.starts_with('/') ? std::string(text) : '/' + std::string(text);
    return url;
  }
  if (!text.starts_with('/') && text != "*") return std::nullopt;
  url.target = text;
  return url;
}

bool is_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  return colon != std::string_view::npos && http::is_token(line.substr(0, colon)) &&
         line.find_first_of("\r\n") == std::string_view::npos;
}

// The request as a client would send it.
std::string request_bytes(const ExplainQuestion& question, const Url& url) {
  std::string bytes = fmt::format("{} {} HTTP/1.1\r\n", question.method, url.target);
  const auto is_host = [](std::string_view header) {
    return http::equals_ignoring_case(header.substr(0, header.find(':')), "host");
  };
  if (std::ranges::none_of(question.headers, is_host)) {
    bytes += fmt::format("Host: {}\r\n", url.authority.empty() ? "localhost" : url.authority);
  }
  for (const std::string& header : question.headers) bytes += header + "\r\n";
  return bytes + "\r\n";
}

std::uint16_t port_of(const ListenerConfig& listener) {
  return listener.listen.is_unix() ? std::uint16_t{0} : listener.listen.endpoint().port;
}

class Explainer {
 public:
  Explainer(const GatewayConfig& config, const ExplainQuestion& question, Url url)
      : config_(config), question_(question), url_(std::move(url)), bytes_(request_bytes(question, url_)) {}

  Explanation run() {
    if (auto refused = read()) {
      refuse(refused->status, refused->reason, std::string(refused->detail));
      return std::move(out_);
    }
    find();
    return std::move(out_);
  }

 private:
  std::optional<http::HttpError> read();
  void choose_listener();
  void find();
  bool redirect_to_https();
  bool find_preflight(routing::RouteRequest request);
  void take(std::size_t route, const routing::Params& params);
  void judge(std::size_t route, const routing::Params& params);
  void add_rivals(const routing::RouteRequest& request);
  void refuse(int status, std::string_view reason, std::string detail) {
    out_.status = status;
    out_.reason = reason;
    out_.detail = std::move(detail);
  }
  ExplainedTarget target_of(const TargetConfig& target, const std::string& path, const routing::MatchPattern& pattern,
                            const routing::TemplateValues& values) const;

  const GatewayConfig& config_;
  const ExplainQuestion& question_;
  const Url url_;
  const std::string bytes_;
  std::string path_buffer_;
  http::RequestHead head_;
  Explanation out_;
};

// The steps that a request which has come over a connection takes, but for what only a connection knows.
std::optional<http::HttpError> Explainer::read() {
  choose_listener();
  const ListenerConfig& listener = *out_.listener;
  http::RequestParser parser({listener.max_header_size, listener.max_headers, listener.max_uri});
  const http::ParseResult parsed = parser.feed(bytes_, head_);
  if (parsed.refused()) return parsed.error;
  if (!parsed.complete()) return http::bad_request("the head is incomplete");
  out_.host = head_.host;
  if (head_.method == http::Method::trace) return http::HttpError{405, "method_not_allowed", "TRACE is never served"};
  if (head_.form == http::TargetForm::asterisk) {
    out_.path = "*";
  } else {
    const bool slashes = std::ranges::any_of(config_.routes, &RouteConfig::encoded_slashes);
    const auto path = http::normalize_path(head_.path, path_buffer_, {.encoded_slashes = slashes});
    if (!path) return path.error();
    out_.path = *path;
  }
  if (const auto refused = http::strip_hop_by_hop(head_.fields, head_.connection)) return refused;
  http::remove_forwarding_fields(head_.fields);
  remove_identity_fields(head_.fields, names_of_identity_fields(config_));
  return std::nullopt;
}

// `match` may name the listener's port: the URL's decides which listener it is, where one listens there.
void Explainer::choose_listener() {
  std::uint16_t port = url_.secure ? 443 : 80;
  const std::size_t colon = url_.authority.rfind(':');
  const bool named = colon != std::string::npos && !url_.authority.ends_with(']');
  if (named) port = static_cast<std::uint16_t>(std::atoi(url_.authority.c_str() + colon + 1));
  const auto found = std::ranges::find(config_.listeners, port, port_of);
  out_.listener_guessed = found == config_.listeners.end();
  out_.listener = out_.listener_guessed ? &config_.listeners.front() : &*found;
  out_.listener_guessed = out_.listener_guessed && (named || config_.listeners.size() > 1);
}

void Explainer::find() {
  const RequestFields fields(head_);
  const routing::RouteRequest request = {head_.host, port_of(*out_.listener), head_.method_text, out_.path, &fields};
  if (redirect_to_https() || find_preflight(request)) return;
  routing::Params params;
  const routing::Lookup found = config_.table->find(request, params);
  add_rivals(request);
  switch (found.outcome) {
    case routing::Lookup::Outcome::no_route:
      if (head_.method == http::Method::options && head_.form == http::TargetForm::asterisk) return refuse(204, {}, {});
      return refuse(404, "no_route", "no route matches");
    case routing::Lookup::Outcome::method_not_allowed:
      out_.allow = config_.table->allow(found.allowed);
      if (head_.method == http::Method::options) return refuse(204, {}, {});
      return refuse(405, "method_not_allowed", "no route takes this method here");
    case routing::Lookup::Outcome::repeated_field:
      return refuse(400, "repeated_field",
                    fmt::format("\"{}\" decides the route and stands there more than once", found.repeated->name));
    case routing::Lookup::Outcome::route: break;
  }
  if (out_.path.contains("%2F") && !config_.routes[found.route].encoded_slashes) {
    return refuse(400, "bad_request",
                  fmt::format("the path holds an encoded slash, and route \"{}\" takes none (encoded_slashes)",
                              config_.routes[found.route].name));
  }
  take(found.route, params);
  judge(found.route, params);
}

void Explainer::judge(std::size_t route, const routing::Params& params) {
  if (!question_.claims) return;
  out_.verdict = verdict_of(config_, route, head_, params.span(), *question_.claims, question_.from);
  if (out_.verdict->status == 0) return;
  out_.targets.clear();
  out_.parts.clear();
  out_.mirror.reset();
  out_.location.clear();
  refuse(out_.verdict->status, out_.verdict->status == 401 ? "unauthenticated" : "forbidden", "see the verdict");
}

bool Explainer::redirect_to_https() {
  const std::uint16_t port = out_.listener->redirect_to_https;
  if (port == 0 || url_.secure) return false;
  refuse(kHttpsRedirect, {}, {});
  routing::TemplateValues values;
  values.path = out_.path;
  if (head_.has_query) values.query = head_.query;
  values.host = head_.host;
  if (auto written = routing::Redirect::to_https(port).append_to(out_.location, values); !written) {
    refuse(http::to_status(written.error()), written.error().reason, written.error().detail);
  }
  return true;
}

// A preflight is answered by the route of the method that it asks for.
bool Explainer::find_preflight(routing::RouteRequest request) {
  request.method = preflight_method(head_);
  if (request.method.empty()) return false;
  routing::Params params;
  const routing::Lookup found = config_.table->find(request, params);
  if (found.outcome != routing::Lookup::Outcome::route || !config_.routes[found.route].cors.on) return false;
  add_rivals(request);
  take(found.route, params);
  out_.targets.clear();
  out_.parts.clear();
  out_.mirror.reset();
  out_.location.clear();
  refuse(204, {}, {});
  return true;
}

void Explainer::take(std::size_t index, const routing::Params& params) {
  const RouteConfig& route = config_.routes[index];
  const routing::MatchPattern& pattern = config_.table->routes()[index].pattern;
  out_.route = index;
  const auto names = pattern.params();
  for (std::size_t i = 0; i < names.size(); ++i) out_.params.emplace_back(names[i], params.values[i]);
  routing::TemplateValues values;
  values.params = params.span();
  values.path = out_.path;
  if (head_.has_query) values.query = head_.query;
  values.scheme = url_.secure ? "https" : "http";
  values.host = head_.host;
  if (route.respond) return refuse(route.respond->status, {}, {});
  if (route.redirect) {
    refuse(route.redirect->status, {}, {});
    const auto redirect = routing::Redirect::parse(route.redirect->to, pattern);
    if (auto written = redirect->append_to(out_.location, values); !written) {
      refuse(http::to_status(written.error()), written.error().reason, written.error().detail);
    }
    return;
  }
  if (!route.cache.cache.empty() && (head_.method == http::Method::get || head_.method == http::Method::head)) {
    out_.cache_key = cache_url(values.scheme, head_.host, head_.port, out_.path, values.query);
  }
  if (!route.parts.empty()) out_.parts = explain_parts(route, pattern, values);
  for (const TargetConfig& target : route.to) {
    out_.targets.push_back(target_of(target, target.path, pattern, values));
  }
  if (!route.mirror) return;
  const TargetConfig& copy = route.mirror->target;
  out_.mirror = target_of(copy, copy.path.empty() ? route.to.front().path : copy.path, pattern, values);
}

ExplainedTarget Explainer::target_of(const TargetConfig& target, const std::string& path,
                                     const routing::MatchPattern& pattern,
                                     const routing::TemplateValues& values) const {
  const UpstreamConfig& upstream = config_.upstreams[target.index];
  ExplainedTarget made;
  made.upstream = target.upstream;
  made.weight = target.weight;
  switch (upstream.host.mode) {
    case HostMode::preserve: made.host = head_.authority; break;
    case HostMode::upstream: made.host = "(the server's address)"; break;
    case HostMode::name: made.host = upstream.host.name; break;
  }
  routing::Template compiled;
  if (!path.empty()) compiled = *routing::Template::parse(path, pattern, routing::Template::Names::params);
  std::string line;
  if (auto written = routing::append_target(line, compiled, values); !written) {
    made.error = written.error().detail;
    return made;
  }
  made.request_line = fmt::format("{} {} HTTP/1.1", head_.method_text, line);
  return made;
}

std::string_view what_kept(routing::Verdict::Kind kind) {
  using Kind = routing::Verdict::Kind;
  switch (kind) {
    case Kind::chosen: return "chosen";
    case Kind::host: return "host";
    case Kind::port: return "port";
    case Kind::path: return "path";
    case Kind::method: return "method";
    case Kind::condition:
    case Kind::repeated: return "when";
    case Kind::less_specific: return "less specific";
  }
  return "";
}

// The nearest first: those that match, then those that failed last, then those of which most of the path fits.
void Explainer::add_rivals(const routing::RouteRequest& request) {
  const std::vector<routing::Verdict> verdicts = routing::explain(*config_.table, request);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].kind != routing::Verdict::Kind::chosen) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](std::size_t i) {
    return std::tuple(-static_cast<int>(verdicts[i].kind), -static_cast<int>(verdicts[i].fitting), i);
  });
  for (const std::size_t i : order) {
    out_.rivals.push_back({i, std::string(what_kept(verdicts[i].kind)), verdicts[i].why});
  }
}

}  // namespace

std::optional<Explanation> explain(const GatewayConfig& config, const ExplainQuestion& question, std::string& error) {
  auto url = parse_url(question.url);
  if (!url) {
    error = fmt::format("\"{}\" is no URL; write one such as http://api.example.com/users/7, or a path", question.url);
    return std::nullopt;
  }
  for (const std::string& header : question.headers) {
    if (is_header(header)) continue;
    error = fmt::format("-H \"{}\" is no header; write 'Name: value'", header);
    return std::nullopt;
  }
  return Explainer(config, question, *std::move(url)).run();
}

}  // namespace tandem::gateway
