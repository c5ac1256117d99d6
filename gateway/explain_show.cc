// How `gateway explain` says what it found.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/balance/status.h"
#include "common/base/json_writer.h"
#include "common/config/quantity.h"
#include "common/config/value.h"
#include "common/http/status.h"
#include "gateway/explain_command.h"
#include "gateway/filters/chain.h"
#include "gateway/handlers/fixed.h"

namespace tandem::gateway {
namespace {

// The chain is compiled as a start would, before a handler that is never called.
std::vector<std::string> filters_of(const GatewayConfig& config, std::size_t route) {
  std::vector<std::shared_ptr<balance::Upstream>> upstreams;
  for (const UpstreamConfig& upstream : config.upstreams) {
    upstreams.push_back(std::make_shared<balance::Upstream>(upstream.options));
  }
  std::vector<std::shared_ptr<const Provider>> providers;
  for (const AuthConfig& provider : config.auth) {
    providers.push_back(make_provider(provider, {std::make_shared<AuthHistory>(), nullptr, nullptr}));
  }
  std::vector<std::shared_ptr<const Limit>> limits;
  for (const RateLimitConfig& one : config.limits) {
    limits.push_back(std::make_shared<Limit>(one, std::make_shared<LimitState>(1)));
  }
  std::vector<std::shared_ptr<cache::Store>> caches;
  for (const CacheConfig& one : config.caches) caches.push_back(std::make_shared<cache::Store>(one.name));
  const Chain chain = compile_chain({config, config.routes[route], config.table->routes()[route].pattern, upstreams,
                                     std::make_shared<Places>(), providers, limits, caches},
                                    std::make_unique<Fixed>(RespondConfig{}));
  return chain.filter_names();
}

// Who may call, as the file says it.
std::string auth_text(const RouteConfig& route) {
  if (route.is_public) return "public";
  std::vector<std::string> choices;
  for (const auto& group : route.auth.groups) {
    std::vector<std::string_view> names;
    for (const RouteAuth::Member& member : group) names.push_back(member.provider);
    choices.push_back(fmt::format("{}", fmt::join(names, " and ")));
  }
  std::string text = fmt::format("{}{}", fmt::join(choices, ", or "), route.auth.optional ? ", or nobody" : "");
  if (const auto& scopes = route.auth.scopes.all; !scopes.empty())
    text += fmt::format("; scopes {}", fmt::join(scopes, " "));
  return text;
}

std::string limit_text(const RouteConfig& route) {
  std::string text =
      fmt::format("timeout {}, max_body {}", route.timeout == kNever ? "none" : config::format_duration(route.timeout),
                  route.max_body == kNoSizeLimit ? "none" : config::format_size(route.max_body));
  if (const ConcurrencyConfig& most = route.concurrency; most.limit != 0) {
    text += fmt::format(", concurrency {}{}{}", most.limit, most.key.kind == KeyConfig::Kind::none ? "" : " for each ",
                        most.key.text());
  }
  return text;
}

// One of the route's limits, as the file says it: "per_caller: caller, 60/min burst 10, quota 10000/day".
std::string rate_limit_text(const RateLimitUse& use, const RateLimitConfig& limit) {
  std::vector<std::string> keys, tiers;
  for (const LimitKeyPart& part : limit.key) keys.push_back(part.text());
  const Limit compiled(limit, std::make_shared<LimitState>(1));
  for (const Allowance& one : compiled.allowances()) {
    std::string text = compiled.allowances().size() > 1 ? one.tier + ": " : "";
    if (one.rate) text += fmt::format("{} burst {}", config::format_rate(one.written), one.rate->burst());
    if (one.quota) text += fmt::format("{}quota {}", one.rate ? ", " : "", one.quota->text());
    if (!one.rate && !one.quota) text += "none";
    tiers.push_back(std::move(text));
  }
  return fmt::format("{} by {}{}: {}{}{}", use.limit, fmt::join(keys, " and "),
                     limit.needs_caller() ? " (behind auth)" : "", fmt::join(tiers, "; "),
                     use.cost > 1 ? fmt::format(", cost {}", use.cost) : "", use.report ? "   (only reported)" : "");
}

// The host and path as a browser may have sent them: shown without anything that a terminal obeys.
std::string printable(std::string_view text) {
  std::string out;
  append_printable(out, text);
  return out;
}

std::string listener_text(const ListenerConfig& listener) {
  const std::string address = listener.listen.to_string();
  return listener.name == address ? address : fmt::format("{}, {}", listener.name, address);
}

class Text {
 public:
  void line(std::string_view label, std::string_view text) { out_ += fmt::format("{:<10}{}\n", label, text); }
  void plain(std::string_view text) { out_ += fmt::format("{}\n", text); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void show_target(Text& text, std::string_view label, const GatewayConfig& config, const ExplainedTarget& target,
                 std::string_view share) {
  const auto upstream = std::ranges::find(config.upstreams, target.upstream,
                                          [](const UpstreamConfig& u) -> const std::string& { return u.options.name; });
  const balance::UpstreamOptions& options = upstream->options;
  const std::size_t count = options.servers.size();
  const std::string servers =
      options.discovery ? options.discovery->to_string() : fmt::format("{} server{}", count, count == 1 ? "" : "s");
  text.line(label,
            fmt::format("{}{} ({} of {})", target.upstream, share, balance::policy_name(options.balance), servers));
  if (!target.error.empty()) {
    text.line("", "refused: " + target.error);
    return;
  }
  text.line("", printable(target.request_line));
  text.line("", "Host: " + printable(target.host));
}

void show_route(Text& text, const GatewayConfig& config, const Explanation& found) {
  const RouteConfig& route = config.routes[*found.route];
  text.line("route", route.name == route.match ? route.match : fmt::format("{}   {}", route.name, route.match));
  for (const auto& [name, value] : found.params) text.line("", fmt::format("{{{}}} = {}", name, printable(value)));
  const auto filters = filters_of(config, *found.route);
  text.line("auth", auth_text(route));
  if (!route.auth.allow.rule.empty()) {
    text.line("allow", printable(route.auth.allow.rule) + (route.auth.allow.report ? "   (only reported)" : ""));
  }
  text.line("filters", filters.empty() ? "none" : fmt::format("{}", fmt::join(filters, ", ")));
  text.line("limits", limit_text(route));
  for (const RateLimitUse& use : route.rate_limit) text.line("", rate_limit_text(use, config.limits[use.index]));
  if (!found.cache_key.empty()) {
    text.line("cache", fmt::format("{}, key {}{}", route.cache.cache, printable(found.cache_key),
                                   route.auth.empty() ? "" : "; for each caller, unless the answer is public"));
  }
  std::uint64_t weights = 0;
  for (const ExplainedTarget& target : found.targets) weights += target.weight;
  for (const ExplainedTarget& target : found.targets) {
    const bool split = found.targets.size() > 1;
    const double percent = 100.0 * target.weight / static_cast<double>(std::max<std::uint64_t>(weights, 1));
    show_target(text, "upstream", config, target, split ? fmt::format(", {:.3g}% of the requests", percent) : "");
  }
  for (const ExplainedPart& part : found.parts) {
    std::string_view label = "part";
    for (const std::string& line : part_lines(part)) text.line(std::exchange(label, ""), printable(line));
  }
  if (route.sticky.kind != KeyConfig::Kind::none) text.line("sticky", route.sticky.text());
  if (found.mirror) show_target(text, "mirror", config, *found.mirror, "");
}

void show_verdict(Text& text, const ExplainedVerdict& verdict) {
  text.line("verdict", verdict.status == 0 ? "let through" : "refused");
  for (const auto& [what, said] : verdict.steps) text.line("", fmt::format("{}: {}", what, printable(said)));
}

void show_outcome(Text& text, const Explanation& found) {
  if (found.status == 0) return;
  text.line("answer", fmt::format("{} {}{}", found.status, http::reason_phrase(found.status),
                                  found.reason.empty() ? "" : fmt::format(" ({}: {})", found.reason, found.detail)));
  if (!found.allow.empty()) text.line("", "Allow: " + found.allow);
  if (!found.location.empty()) text.line("", "Location: " + printable(found.location));
}

void show_rivals(Text& text, const GatewayConfig& config, const Explanation& found, std::size_t most) {
  if (found.rivals.empty()) return;
  text.plain("");
  text.plain(found.route ? "not chosen, the nearest first:" : "why each route does not match, the nearest first:");
  const std::span shown(found.rivals.data(), std::min(most, found.rivals.size()));
  std::size_t wide = 0;
  for (const ExplainedRival& rival : shown) {
    wide = std::max(wide, std::min<std::size_t>(40, config.routes[rival.route].match.size()));
  }
  for (const ExplainedRival& rival : shown) {
    const RouteConfig& route = config.routes[rival.route];
    const std::string name = route.name == route.match ? "" : fmt::format("   [{}]", route.name);
    text.plain(fmt::format("  {:<{}}  {}: {}{}", route.match, wide, rival.what, printable(rival.why), name));
  }
  if (shown.size() < found.rivals.size()) {
    text.plain(fmt::format("  … and {} more; --all shows them", found.rivals.size() - shown.size()));
  }
}

void write_target(JsonWriter& json, const ExplainedTarget& target) {
  json.begin_object().member("upstream", target.upstream).member("weight", target.weight);
  if (target.error.empty()) {
    json.member("request_line", target.request_line).member("host", target.host);
  } else {
    json.member("refused", target.error);
  }
  json.end_object();
}

void write_route(JsonWriter& json, const GatewayConfig& config, const Explanation& found) {
  const RouteConfig& route = config.routes[*found.route];
  json.key("route").begin_object().member("name", route.name).member("match", route.match);
  json.key("params").begin_object();
  for (const auto& [name, value] : found.params) json.member(name, value);
  json.end_object();
  json.member("auth", auth_text(route));
  if (!route.auth.allow.rule.empty()) json.member("allow", route.auth.allow.rule);
  json.key("filters").begin_array();
  for (const std::string& filter : filters_of(config, *found.route)) json.value(filter);
  json.end_array();
  json.key("timeout_ms");
  route.timeout == kNever ? json.null() : json.milliseconds(route.timeout);
  json.key("max_body");
  route.max_body == kNoSizeLimit ? json.null() : json.value(route.max_body);
  if (const ConcurrencyConfig& most = route.concurrency; most.limit != 0) {
    json.key("concurrency").begin_object().member("limit", most.limit);
    if (most.key.kind != KeyConfig::Kind::none) json.member("key", most.key.text());
    json.end_object();
  }
  json.key("rate_limits").begin_array();
  for (const RateLimitUse& use : route.rate_limit) {
    json.begin_object().member("limit", use.limit).member("cost", use.cost).member("report", use.report);
    json.member("text", rate_limit_text(use, config.limits[use.index])).end_object();
  }
  json.end_array();
  if (!found.cache_key.empty()) {
    json.key("cache").begin_object().member("name", route.cache.cache).member("key", found.cache_key);
    json.member("per_caller", !route.auth.empty()).end_object();
  }
  json.end_object();
  json.key("targets").begin_array();
  for (const ExplainedTarget& target : found.targets) write_target(json, target);
  json.end_array();
  if (!found.parts.empty()) write_parts(json, found.parts);
  if (route.sticky.kind != KeyConfig::Kind::none) json.member("sticky", route.sticky.text());
  if (found.mirror) write_target(json.key("mirror"), *found.mirror);
}

}  // namespace

std::string explanation_text(const GatewayConfig& config, const ExplainQuestion& question, const Explanation& found,
                             std::size_t most_rivals) {
  Text text;
  text.line("request", printable(question.method + ' ' + question.url));
  const bool other_port =
      found.listener_guessed && !question.url.starts_with('/');  // a path alone has none to be wrong
  text.line("listener", listener_text(*found.listener) + (other_port ? " (no listener has the URL's port)" : ""));
  text.line("host", found.host.empty() ? "none" : printable(found.host));
  if (!found.path.empty()) text.line("path", printable(found.path));
  if (found.route) show_route(text, config, found);
  if (found.verdict) show_verdict(text, *found.verdict);
  show_outcome(text, found);
  show_rivals(text, config, found, most_rivals);
  return text.take();
}

std::string explanation_json(const GatewayConfig& config, const ExplainQuestion& question, const Explanation& found) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("method", question.method).member("url", question.url);
  json.member("listener", found.listener->name).member("host", found.host).member("path", found.path);
  if (found.route) write_route(json, config, found);
  if (found.verdict) {
    json.key("verdict").begin_object().member("allowed", found.verdict->status == 0).key("steps").begin_array();
    for (const auto& [what, said] : found.verdict->steps) {
      json.begin_object().member("what", what).member("said", said).end_object();
    }
    json.end_array().end_object();
  }
  if (found.status != 0) {
    json.key("answer").begin_object().member("status", found.status);
    if (!found.reason.empty()) json.member("reason", found.reason).member("detail", found.detail);
    if (!found.allow.empty()) json.member("allow", found.allow);
    if (!found.location.empty()) json.member("location", found.location);
    json.end_object();
  }
  json.key("rivals").begin_array();
  for (const ExplainedRival& rival : found.rivals) {
    const RouteConfig& route = config.routes[rival.route];
    json.begin_object().member("name", route.name).member("match", route.match);
    json.member("kept_by", rival.what).member("why", rival.why).end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

}  // namespace tandem::gateway
