#include "gateway/config_sections.h"

#include <fmt/format.h>

#include "common/config/shared_sections.h"
#include "gateway/config_aggregate.h"
#include "gateway/config_auth.h"
#include "gateway/config_cache.h"
#include "gateway/config_errors.h"
#include "gateway/config_filters.h"
#include "gateway/config_rate_limit.h"
#include "gateway/config_redis.h"
#include "gateway/config_resilience.h"
#include "gateway/config_targets.h"
#include "gateway/config_trace.h"

namespace tandem::gateway {
namespace {

using namespace config;
using std::chrono::milliseconds;

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint16_t kHttpsPort = 443;

const Section<ListenerTimeouts>& timeout_section() {
  static const Section<ListenerTimeouts> section =
      Section<ListenerTimeouts>()
          .field("handshake", &ListenerTimeouts::handshake, duration(milliseconds(1)), "The handshake of TLS.")
          .field("header", &ListenerTimeouts::header, duration(milliseconds(1)),
                 "From a request's first byte to the end of its head.")
          .field("body", &ListenerTimeouts::body, duration_or_none(milliseconds(1)),
                 "Between two reads of a request's body.")
          .field("idle", &ListenerTimeouts::idle, duration_or_none(milliseconds(1)),
                 "An answer without progress on either side; a WebSocket without a byte either way.")
          .field("keepalive", &ListenerTimeouts::keepalive, duration_or_none(milliseconds(1)), "Between two requests.");
  return section;
}

// true: 443.
Kind<std::uint16_t> https_port() {
  Kind<std::uint16_t> kind = integer<std::uint16_t>(1, 65535);
  kind.read = [number = kind.read](Reader& reader, const Value& value, std::uint16_t& to) {
    if (const bool* yes = value.boolean()) {
      to = *yes ? kHttpsPort : 0;
      return true;
    }
    return number(reader, value, to);
  };
  kind.show = [](std::uint16_t port) -> std::optional<Value> {
    if (port == 0 || port == kHttpsPort) return Value(port != 0);
    return Value(int{port});
  };
  kind.schema = [number = kind.schema] {
    Value truth, schema;
    truth.set("type", "boolean");
    schema.set("anyOf", Value::Array{std::move(truth), number()});
    return schema;
  };
  return kind;
}

const Section<RawListener>& listener_section() {
  static const Section<ListenerConfig> head =
      Section<ListenerConfig>()
          .field("name", &ListenerConfig::name, unless_empty(name()),
                 "What logs, metrics and status call it; by default its address.")
          .field("listen", &ListenerConfig::listen, address(), "Where clients connect.")
          .required();
  static const Section<ListenerConfig> peers =
      Section<ListenerConfig>()
          .field("proxy_protocol_from", &ListenerConfig::proxy_protocol_from, prefixes(),
                 "Peers that must send a PROXY header; from others nothing is read as one.")
          .field("trusted_proxies", &ListenerConfig::trusted_proxies, prefixes(),
                 "Peers whose X-Forwarded-* fields are believed.")
          .field("health_from", &ListenerConfig::health_from, prefixes(),
                 "Peers that may ask for /livez and /readyz here; by default those of proxy_protocol_from.");
  static const Section<ListenerConfig> limits =
      Section<ListenerConfig>()
          .include(access_section(), &ListenerConfig::access)
          .field("max_connections", &ListenerConfig::max_connections, count_or_none(1), "Connections of this listener.")
          .field("max_header_size", &ListenerConfig::max_header_size, size(1024, kMiB), "Bytes of a request's head.")
          .field("max_headers", &ListenerConfig::max_headers, integer<std::uint32_t>(1, 10'000),
                 "Fields of a request's head.")
          .field("max_uri", &ListenerConfig::max_uri, size(64, kMiB), "Bytes of a request's target.")
          .field("max_requests_per_connection", &ListenerConfig::max_requests_per_connection, count_or_none(1),
                 "Requests until a connection is closed.")
          .field("max_connection_age", &ListenerConfig::max_connection_age, duration_or_none(milliseconds(1)),
                 "How old a connection becomes: then it ends with its next answer, or at once when it is idle.")
          .field("min_rate", &ListenerConfig::min_rate, size_rate_or_none(),
                 "How slowly bodies may come and answers be taken, on the whole; after the first 5 s of waiting.")
          .field("redirect_to_https", &ListenerConfig::redirect_to_https, https_port(),
                 "Every request is answered with a redirect to the same address by https: true, or the port of it.")
          .field("timeout", &ListenerConfig::timeout, table(timeout_section()), "How long things may take.")
          .field("tls", &ListenerConfig::tls, listener_tls(), "TLS is ended here; without it there is none.");
  static const Section<RawListener> section = [] {
    Section<RawListener> made;
    made.include(head, &RawListener::config).at(&RawListener::listen_place);
    made.include(peers, &RawListener::config).at(&RawListener::health_from_place);
    made.include(limits, &RawListener::config);
    return made;
  }();
  return section;
}

const Section<KeepaliveConfig>& keepalive_section() {
  static const Section<KeepaliveConfig> section =
      Section<KeepaliveConfig>()
          .field("connections", &KeepaliveConfig::connections, integer<std::uint32_t>(1, 100'000),
                 "Idle connections kept, per worker.")
          .field("idle", &KeepaliveConfig::idle, duration(milliseconds(1)), "How long one is kept.");
  return section;
}

Kind<HostConfig> host_choice() {
  const auto there = [](const std::string& text) {
    if (text == "preserve") return HostConfig{HostMode::preserve, {}};
    return text == "upstream" ? HostConfig{HostMode::upstream, {}} : HostConfig{HostMode::name, text};
  };
  const auto back = [](const HostConfig& host) -> std::string {
    if (host.mode == HostMode::preserve) return "preserve";
    return host.mode == HostMode::upstream ? "upstream" : host.name;
  };
  return converted<HostConfig>(host(), there, back);
}

const Section<RawUpstream>& gateway_upstream_section() {
  static const Section<balance::UpstreamOptions> limits = Section<balance::UpstreamOptions>().field(
      "max_in_flight", &balance::UpstreamOptions::max_in_flight, count_or_none(1),
      "Requests to all its servers at a time, until their answers' last bytes; beyond it they wait in `queue`.");
  static const Section<UpstreamConfig> own =
      Section<UpstreamConfig>()
          .include(hashing_upstream_section(), &UpstreamConfig::options)
          .field("hash_key", &UpstreamConfig::hash_key, request_key(true),
                 "With balance = \"hash\": what is hashed. \"header:NAME\", \"cookie:NAME\", \"caller\" or \"ip\".")
          .field("connect_timeout", &UpstreamConfig::connect_timeout, duration(milliseconds(1)),
                 "One attempt to connect to a server.")
          .field("keepalive", &UpstreamConfig::keepalive,
                 table_or<KeepaliveConfig>(
                     "off", {.connections = 0}, [](const KeepaliveConfig& k) { return k.connections == 0; },
                     keepalive_section()),
                 "Connections kept for the next request; off: every request has its own.")
          .include(limits, &UpstreamConfig::options)
          .field("retry", &UpstreamConfig::retry, retry(), "Tries after one that came to nothing, where that is safe.")
          .field("breaker", &UpstreamConfig::breaker, breaker(),
                 "Refuses requests for a while when too many have failed.")
          .field("ready_requires", &UpstreamConfig::ready_requires, boolean(),
                 "Whether /readyz answers 503 while no server is up.")
          .field("host", &UpstreamConfig::host, host_choice(),
                 "The Host that the service sees: \"preserve\" (the client's), \"upstream\" (the server's address), or "
                 "a name.");
  static const Section<RawUpstream> section = Section<RawUpstream>().include(own, &RawUpstream::config);
  return section;
}

const Section<RespondConfig>& respond_section() {
  static const Section<RespondConfig> section =
      Section<RespondConfig>()
          .field("status", &RespondConfig::status, integer<std::uint16_t>(200, 599), "The answer's status.")
          .field("body", &RespondConfig::body, text(), "Its body.")
          .field("headers", &RespondConfig::headers, fields_of(Message::response), "Its fields.");
  return section;
}

const Section<RedirectConfig>& redirect_section() {
  static const Section<RedirectConfig> section = [] {
    Kind<std::uint16_t> status = integer<std::uint16_t>(301, 308);
    status.read = [number = status.read](Reader& reader, const Value& value, std::uint16_t& to) {
      if (!number(reader, value, to)) return false;
      if (to <= 303 || to >= 307) return true;
      return reader.error(value.place, fmt::format("{} does not redirect; write 301, 302, 303, 307 or 308", to));
    };
    return Section<RedirectConfig>()
        .field("to", &RedirectConfig::to, text(),
               "Where to: a URL with {scheme} {host} {path} {query} and the route's parameters.")
        .required()
        .at(&RedirectConfig::to_place)
        .field("status", &RedirectConfig::status, status, "301, 302, 303, 307 or 308.");
  }();
  return section;
}

// Who may call is said in one way: `public` and `auth` each drop what is inherited of the other.
bool read_public(Reader& reader, const Value& value, RouteConfig& to) {
  if (!boolean().read(reader, value, to.is_public)) return false;
  if (to.is_public) to.auth = {};
  return true;
}

bool read_auth(Reader& reader, const Value& value, RouteConfig& to) {
  to.is_public = false;
  to.auth.place = value.place;
  return auth_groups().read(reader, value, to.auth.groups);
}

void refuse_both(Reader& reader, const Value& table) {
  const Value* open = table.find("public");
  if (!open || !open->boolean() || !*open->boolean() || !table.find("auth")) return;
  reader.error(open->place, "`public` and `auth` contradict each other; write one of them");
}

// What [defaults] may say too.
const Section<RouteConfig>& inherited_section() {
  static const Section<RouteConfig> section =
      Section<RouteConfig>()
          .custom(
              "public", read_public, [](const RouteConfig& r) { return boolean().show(r.is_public); }, boolean().schema,
              "Whether anybody may call.")
          .custom(
              "auth", read_auth, [](const RouteConfig& r) { return auth_groups().show(r.auth.groups); },
              auth_groups().schema,
              "Who may call: whoever one of these providers knows; a list within the list means all of them.")
          .include(route_auth_section(), &RouteConfig::auth)
          .field("timeout", &RouteConfig::timeout, duration_or_none(milliseconds(1)),
                 "From a request's head to the answer's head; waiting for the client's body does not count.")
          .field("max_body", &RouteConfig::max_body, size_or_none(), "Bytes of a request's body.")
          .field("allow_from", &RouteConfig::allow_from, prefixes(),
                 "Clients that may call. The longest prefix of both lists decides; who is in none may not.")
          .field("deny_from", &RouteConfig::deny_from, prefixes(),
                 "Clients that may not; a prefix that is in both lists denies.")
          .field("websocket", &RouteConfig::websocket, boolean(),
                 "Whether a connection may become a WebSocket; if not, such a request is one like any other.")
          .field("headers", &RouteConfig::headers, table(headers_section()),
                 "Fields of the request to the service and of the answer to the client that are changed.")
          .field("cors", &RouteConfig::cors, cors(), "Which pages of other origins may read the answers.")
          .at(&RouteConfig::cors_place)
          .field("compress", &RouteConfig::compress, compress(),
                 "Codings that the gateway may put bodies into, by the client's Accept-Encoding.")
          .field("concurrency", &RouteConfig::concurrency, concurrency(),
                 "Requests of the route at a time: a number, or { limit, key } for those of each caller.")
          .field("rate_limit", &RouteConfig::rate_limit, rate_limit_uses(),
                 "Limits that each request is charged to: names, or { use, cost, mode }.")
          .at(&RouteConfig::rate_limit_place)
          .field("cache", &RouteConfig::cache, cache_use(),
                 "The cache that its answers are stored in, as far as they say that they may; \"off\": none.");
  return section;
}

// Not shown by dump, whose routes say everything themselves.
Kind<RouteConfig> defaults() {
  Kind<RouteConfig> kind = table(inherited_section());
  kind.show = [](const RouteConfig&) { return std::nullopt; };
  return kind;
}

const Section<RouteConfig>& route_section() {
  static const Section<RouteConfig> section = [] {
    Section<RouteConfig> made;
    made.field("name", &RouteConfig::name, unless_empty(name()),
               "What logs, metrics and status call it; by default its match.")
        .field("match", &RouteConfig::match, text(),
               "Which requests: [METHOD{,METHOD} SP] [host[:port]] path, with {name} for a segment.")
        .required()
        .at(&RouteConfig::match_place)
        .field("when", &RouteConfig::when, conditions(),
               "What else must hold: values of header fields and query parameters.")
        .field("encoded_slashes", &RouteConfig::encoded_slashes, boolean(),
               "Whether %2F may stand inside a segment; else such a request is refused.")
        .field("to", &RouteConfig::to, targets(),
               "Who answers: UPSTREAM, or UPSTREAM PATH; a list with weights splits the requests.")
        .at(&RouteConfig::to_place)
        .field("sticky", &RouteConfig::sticky, request_key(false),
               "What keeps a client at one target of a split: \"cookie:NAME\", \"header:NAME\" or \"caller\".")
        .at(&RouteConfig::sticky_place)
        .field("mirror", &RouteConfig::mirror, mirror(), "Who gets a copy of each request; its answer is thrown away.")
        .at(&RouteConfig::mirror_place)
        .append(aggregation_section())
        .field("respond", &RouteConfig::respond, maybe_table(respond_section()), "A fixed answer.")
        .field("redirect", &RouteConfig::redirect, maybe_table(redirect_section()), "Sends the client elsewhere.")
        .at(&RouteConfig::redirect_place);
    return made.append(inherited_section());
  }();
  return section;
}

}  // namespace

const Section<RawGateway>& root_section() {
  static const Section<RawGateway> section =
      Section<RawGateway>()
          .field("process", &RawGateway::process, table(process_section()), "The process.")
          .field("admin", &RawGateway::admin, table(admin_section()),
                 "The admin address; without this section there is none.")
          .field("log", &RawGateway::log, table(http_log_section()), "What is logged, and where.")
          .field("trace", &RawGateway::trace, trace(),
                 "A collector of traces (OTLP over HTTP with JSON); without this section nothing is exported.")
          .field("listener", &RawGateway::listeners,
                 tables<RawListener>("listener", {"name", "listen"}, listener_section(), &RawListener::place),
                 "Where clients connect.")
          .at(&RawGateway::listeners_place)
          .field("upstream", &RawGateway::upstreams,
                 named<RawUpstream>(
                     "upstream", gateway_upstream_section(),
                     [](RawUpstream& u) -> std::string& { return u.config.options.name; }, &RawUpstream::place),
                 "Servers among which requests are balanced, by name.")
          .field("auth", &RawGateway::auth, auth_providers(), "Who says who a caller is, by name.")
          .field("redis", &RawGateway::redis, redis_servers(), "Redis servers that limits are kept in, by name.")
          .field("rate_limit", &RawGateway::limits, rate_limits(), "How often somebody may ask, by the limit's name.")
          .field("cache", &RawGateway::caches, caches(), "Stored answers, by the name of the cache.")
          .field("errors", &RawGateway::errors, error_pages(),
                 "Files that stand in for the bodies of the gateway's own errors, by status: 404 = \"404.html\"; "
                 "\"5xx\" for all that have none. {status} {title} {detail} {reason} {instance} in them are filled in. "
                 "A list has one file for each kind of content.")
          .field("defaults", &RawGateway::defaults, defaults(), "What every route has unless it says otherwise.")
          .custom(
              "route",
              [](Reader& reader, const Value& value, RawGateway& to) {  // read after `defaults`: a copy of them each
                for (const Value& item : value.array() ? *value.array() : Value::Array()) {
                  const auto scope = reader.inside(label("route", item, {"name", "match"}));
                  refuse_both(reader, item);
                }
                return read_tables(reader, value, "route", {"name", "match"}, route_section(), to.defaults,
                                   &RouteConfig::place, to.routes);
              },
              [](const RawGateway& from) {
                Value::Array shown;
                for (const RouteConfig& route : from.routes) shown.push_back(route_section().show(route));
                return std::optional<Value>(std::move(shown));
              },
              [] { return detail::list_schema(route_section().schema()); },
              "Which requests go where. The order decides nothing: the most specific match does.")
          .at(&RawGateway::routes_place)
          .names_itself();
  return section;
}

}  // namespace tandem::gateway
