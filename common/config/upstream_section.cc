// The keys of [upstream.NAME] that both programs have.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "common/config/shared_sections.h"
#include "common/config/tls_section.h"

namespace tandem::config {
namespace {

using namespace balance;
using std::chrono::milliseconds;

Kind<ProxyProtocol> proxy_protocol() {
  return words<ProxyProtocol>({{"off", ProxyProtocol::off}, {"v1", ProxyProtocol::v1}, {"v2", ProxyProtocol::v2}});
}

const Section<ServerOptions>& server_section() {
  static const Section<ServerOptions> section =
      Section<ServerOptions>()
          .field("address", &ServerOptions::address, address(), "Where the server listens.")
          .required()
          .field("name", &ServerOptions::name, unless_empty(name()),
                 "What logs, metrics and status call it; by default its address.")
          .field("weight", &ServerOptions::weight, integer<std::uint32_t>(0, 256),
                 "Its share of the traffic, relative to the others; 0: nothing new.")
          .field("max_connections", &ServerOptions::max_connections, count_or_none(1), "Connections to it at a time.")
          .field("backup", &ServerOptions::backup, boolean(), "Picked only when no other server is available.");
  return section;
}

bool read_server(Reader& reader, const Value& item, ServerOptions& server) {
  const bool is_text = item.text() || (item.table() && (item.find("env") || item.find("file")));
  if (!is_text && !item.table()) return reader.expected("an address, or a table with one", item);
  if (item.text() && DnsSource::is_meant(*item.text())) {
    return reader.error(item.place, fmt::format("{} cannot stand in a list; write servers = {}", quoted(*item.text()),
                                                quoted(*item.text())));
  }
  const bool good =
      is_text ? address().read(reader, item, server.address) : server_section().read(reader, item, server);
  if (!good) return false;
  const Value* inner = item.find("address");
  const Place place = inner ? inner->place : item.place;
  if (!server.address.is_unix() && (server.address.is_any() || server.address.endpoint().port == 0)) {
    return reader.error(place, fmt::format("\"{}\" cannot be connected to; write the server's host and port",
                                           server.address.to_string()));
  }
  if (server.name.empty()) server.name = server.address.to_string();
  return true;
}

bool read_servers(Reader& reader, const Value& value, std::vector<ServerOptions>& to) {
  if (!value.array()) {
    return reader.expected("a list of addresses such as [\"127.0.0.1:8081\"], \"dns:NAME:PORT\" or \"srv:NAME\"",
                           value);
  }
  if (value.array()->empty()) return reader.error(value.place, "the list is empty");
  std::vector<ServerOptions> read;
  bool good = true;
  for (const Value& item : *value.array()) {
    ServerOptions server;
    if (!read_server(reader, item, server)) {
      good = false;
      continue;
    }
    const auto same = [&](const ServerOptions& s) { return s.address == server.address || s.name == server.name; };
    if (const auto twice = std::ranges::find_if(read, same); twice != read.end()) {
      const bool by_address = twice->address == server.address;
      good = reader.error(item.place, by_address ? fmt::format("\"{}\" is given twice", server.address.to_string())
                                                 : fmt::format("two servers are named {}", quoted(server.name)));
    }
    read.push_back(std::move(server));
  }
  to = std::move(read);
  return good;
}

// A list, or where one comes from.
bool read_servers_or_source(Reader& reader, const Value& value, UpstreamOptions& to) {
  const bool is_text = value.text() || (value.table() && (value.find("env") || value.find("file")));
  if (!is_text) return read_servers(reader, value, to.servers);
  const auto text = reader.text(value, "a list of addresses, or a source such as \"dns:gateway.internal:8081\"");
  if (!text) return false;
  auto source = DnsSource::parse(*text);
  if (!source) return reader.error(value.place, quoted(*text) + source.error().detail);
  to.discovery = *std::move(source);
  return true;
}

std::optional<Value> show_servers(const UpstreamOptions& from) {
  if (from.discovery) return Value(from.discovery->to_string());
  return list(table(server_section()), "addresses").show(from.servers);
}

Value servers_schema() {
  Value either;
  either.set("anyOf", Value::Array{address().schema(), server_section().schema()});
  Value fixed = detail::list_schema(std::move(either));
  fixed.set("minItems", 1);
  Value source;
  source.set("type", "string").set("pattern", "^(dns:.+:[0-9]+|srv:.+)$");
  Value schema;
  schema.set("anyOf", Value::Array{std::move(fixed), std::move(source)});
  return schema;
}

// "200", "200-299" or "200-299,404".
bool parse_ranges(std::string_view text, std::vector<StatusRange>& to) {
  while (true) {
    const std::string_view one = text.substr(0, text.find(','));
    StatusRange range;
    const char* end = one.data() + one.size();
    auto [at, error] = std::from_chars(one.data(), end, range.from);
    if (error != std::errc()) return false;
    range.to = range.from;
    if (at != end) {
      if (*at != '-') return false;
      const auto rest = std::from_chars(at + 1, end, range.to);
      if (rest.ec != std::errc() || rest.ptr != end) return false;
    }
    if (range.from < 100 || range.to > 599 || range.from > range.to) return false;
    to.push_back(range);
    if (one.size() == text.size()) return true;
    text.remove_prefix(one.size() + 1);
  }
}

Kind<std::vector<StatusRange>> status_ranges() {
  Kind<std::vector<StatusRange>> kind;
  kind.read = [](Reader& reader, const Value& value, std::vector<StatusRange>& to) {
    const auto found = reader.scalar(value);
    if (!found) return false;
    const std::string text = found->integer() ? fmt::format("{}", *found->integer())
                             : found->text()  ? *found->text()
                                              : "";
    if (!found->integer() && !found->text()) return reader.expected("a status or range such as \"200-299\"", *found);
    std::vector<StatusRange> read;
    if (!parse_ranges(text, read)) {
      return reader.error(value.place, quoted(text) +
                                           " is not a status or range; write one such as \"200-299\" or "
                                           "\"200,404\", between 100 and 599");
    }
    to = std::move(read);
    return true;
  };
  kind.show = [](const std::vector<StatusRange>& ranges) {
    std::string text;
    for (const StatusRange& range : ranges) {
      text += text.empty() ? "" : ",";
      text += range.from == range.to ? fmt::format("{}", range.from) : fmt::format("{}-{}", range.from, range.to);
    }
    return std::optional<Value>(text);
  };
  kind.schema = [] {
    Value schema;
    schema.set("type", Value::Array{"string", "integer", "object"});
    return schema;
  };
  return kind;
}

const Section<HealthOptions>& health_section() {
  static const Section<HealthOptions> section =
      Section<HealthOptions>()
          .field(
              "check", &HealthOptions::check,
              words<CheckKind>({{"tcp", CheckKind::tcp},
                                {"tls", CheckKind::tls},
                                {"http", CheckKind::http},
                                {"https", CheckKind::https},
                                {"off", CheckKind::off}}),
              "How a server is checked; off: it counts as up. tls and https speak it as `tls` says; without that they "
              "believe any certificate.")
          .field("path", &HealthOptions::path, url_path(), "What an http or https check asks for.")
          .field("host", &HealthOptions::host, unless_empty(host()),
                 "The Host of such a check; by default the server's address.")
          .field("status", &HealthOptions::status, status_ranges(), "The statuses that are good.")
          .field("port", &HealthOptions::port, maybe(integer<std::uint16_t>(1, 65535)),
                 "Another port to check than the one that serves.")
          .field("every", &HealthOptions::every, duration(milliseconds(10)),
                 "The pause between two checks of a server.")
          .field("timeout", &HealthOptions::timeout, duration(milliseconds(1)), "How long a whole check may take.")
          .field("rise", &HealthOptions::rise, integer<std::uint32_t>(1, 1000),
                 "Good checks in a row until a server that was down is up.")
          .field("fall", &HealthOptions::fall, integer<std::uint32_t>(1, 1000), "Bad checks in a row until it is down.")
          .field("proxy_protocol", &HealthOptions::proxy_protocol, maybe(proxy_protocol()),
                 "The PROXY header of a check; by default the upstream's.");
  return section;
}

const Section<EjectOptions>& eject_section() {
  static const Section<EjectOptions> section =
      Section<EjectOptions>()
          .field("after", &EjectOptions::after, count_or_none(1), "Failures in a row; \"none\": never.")
          .field("for", &EjectOptions::duration, duration(milliseconds(100)),
                 "How long the server is left out; longer each time in a row.")
          .field("max", &EjectOptions::max_share, share(0.0),
                 "The share of the servers that may be left out, but at least one.");
  return section;
}

const Section<QueueOptions>& queue_section() {
  static const Section<QueueOptions> section =
      Section<QueueOptions>()
          .field("size", &QueueOptions::size, integer<std::uint32_t>(1, 1'000'000), "How many may wait.")
          .required()
          .field("timeout", &QueueOptions::timeout, duration(milliseconds(1)), "How long one may wait.");
  return section;
}

Kind<Policy> policy(bool with_hash) {
  std::vector<std::pair<std::string, Policy>> choices = {{"round_robin", Policy::round_robin},
                                                         {"least_connections", Policy::least_connections},
                                                         {"response_time", Policy::response_time},
                                                         {"random", Policy::random},
                                                         {"source_hash", Policy::source_hash}};
  if (with_hash) choices.emplace_back("hash", Policy::hash);
  return words<Policy>(std::move(choices));
}

Section<UpstreamOptions> make_section(bool with_hash) {
  return Section<UpstreamOptions>()
      .field("balance", &UpstreamOptions::balance, policy(with_hash), "How a server is picked.")
      .custom("servers", read_servers_or_source, show_servers, servers_schema,
              "Addresses, or tables with an address and more; or \"dns:NAME:PORT\" or \"srv:NAME\", kept up to date.")
      .required()
      .field("proxy_protocol", &UpstreamOptions::proxy_protocol, proxy_protocol(),
             "The PROXY header that tells the server of the client.")
      .field("attempts", &UpstreamOptions::attempts, integer<std::uint32_t>(1, 100),
             "Attempts to connect, each on another server while there is one.")
      .field("slow_start", &UpstreamOptions::slow_start, duration_or_none(milliseconds(1), Duration::zero()),
             "How long a server that came up takes to its full weight.")
      .field("queue", &UpstreamOptions::queue,
             table_or<QueueOptions>(
                 "none", {}, [](const QueueOptions& q) { return q.size == 0; }, queue_section()),
             "Who waits while there is no room for more, such as when every server is at max_connections.")
      .field("when_none", &UpstreamOptions::when_none,
             words<WhenNone>({{"refuse", WhenNone::refuse}, {"try_all", WhenNone::try_all}}),
             "What happens when no server is up.")
      .field("eject", &UpstreamOptions::eject, table(eject_section()),
             "Leaves out servers that real traffic saw failing.")
      .field("health", &UpstreamOptions::health, table(health_section()), "Active checks.")
      .field("tls", &UpstreamOptions::tls, upstream_tls(), "TLS to the servers; without it there is none.");
}

}  // namespace

const Section<UpstreamOptions>& upstream_section() {
  static const Section<UpstreamOptions> section = make_section(false);
  return section;
}

const Section<UpstreamOptions>& hashing_upstream_section() {
  static const Section<UpstreamOptions> section = make_section(true);
  return section;
}

balance::UpstreamOptions without_default_names(balance::UpstreamOptions upstream) {
  for (ServerOptions& server : upstream.servers) {
    if (server.name == server.address.to_string()) server.name.clear();
  }
  return upstream;
}

}  // namespace tandem::config
