#include "lb/config.h"

#include <set>

#include <fmt/format.h>

#include "common/config/checks.h"
#include "common/config/load.h"
#include "common/config/shared_sections.h"
#include "lb/match_section.h"

namespace tandem::lb {
namespace {

using namespace config;
using std::chrono::milliseconds;

// What the file says, before names are resolved.
struct RawListener {
  ListenerConfig config;
  std::string upstream;
  std::vector<RawMatch> matches;
  Place place, listen_place, upstream_place;
};
struct RawUpstream {
  balance::UpstreamOptions options;
  Place place;
};
struct RawLb {
  ProcessConfig process;
  AdminConfig admin;
  LogConfig log;
  std::vector<RawListener> listeners;
  std::vector<RawUpstream> upstreams;
  Place listeners_place;
};

const Section<ListenerTimeouts>& timeout_section() {
  static const Section<ListenerTimeouts> section =
      Section<ListenerTimeouts>()
          .field("connect", &ListenerTimeouts::connect, duration(milliseconds(1)),
                 "One attempt to connect to a server.")
          .field("idle", &ListenerTimeouts::idle, duration_or_none(milliseconds(1)),
                 "A connection without a byte either way.")
          .field("half_closed", &ListenerTimeouts::half_closed, duration_or_none(milliseconds(1)),
                 "The same once one side has ended.")
          .field(
              "handshake", &ListenerTimeouts::handshake, duration(milliseconds(1)),
              "Until an awaited PROXY header or ClientHello is complete, and TLS that is ended here is agreed upon.");
  return section;
}

Kind<std::vector<RawMatch>> matches() {
  auto kind = tables<RawMatch>("match", {"upstream"}, match_section(), &RawMatch::place);
  kind.show = [show = kind.show](const std::vector<RawMatch>& list) {
    return list.empty() ? std::nullopt : show(list);
  };
  return kind;
}

const Section<RawListener>& listener_section() {
  static const Section<ListenerConfig> inner =
      Section<ListenerConfig>()
          .field("tls", &ListenerConfig::tls, listener_tls(), "TLS is ended here; without it there is none.")
          .field("proxy_protocol_from", &ListenerConfig::proxy_protocol_from, prefixes(),
                 "Peers that must send a PROXY header; from others nothing is read as one.")
          .include(access_section(), &ListenerConfig::access)
          .field("max_connections", &ListenerConfig::max_connections, count_or_none(1), "Connections of this listener.")
          .field("tcp_info", &ListenerConfig::tcp_info, boolean(),
                 "Round trip times and retransmits of both sides in the access log: two system calls a connection.")
          .field("timeout", &ListenerConfig::timeout, table(timeout_section()), "How long things may take.");
  static const Section<ListenerConfig> head =
      Section<ListenerConfig>()
          .field("name", &ListenerConfig::name, unless_empty(name()),
                 "What logs, metrics and status call it; by default its address.")
          .field("listen", &ListenerConfig::listen, address(), "Where clients connect.")
          .required();
  static const Section<RawListener> section = [] {
    Section<RawListener> made;
    made.include(head, &RawListener::config)
        .at(&RawListener::listen_place)
        .field(
            "upstream", &RawListener::upstream, unless_empty(name()),
            "Where connections go: an [upstream.NAME]; with [[listener.match]] those that nothing matches, which are "
            "closed without it.")
        .at(&RawListener::upstream_place)
        .include(inner, &RawListener::config)
        .field("match", &RawListener::matches, matches(),
               "TLS passed through unopened, to the upstream of the most specific match.");
    return made;
  }();
  return section;
}

const Section<RawUpstream>& lb_upstream_section() {
  static const Section<balance::UpstreamOptions> own = Section<balance::UpstreamOptions>().field(
      "on_down", &balance::UpstreamOptions::on_down,
      words<balance::OnDown>({{"keep", balance::OnDown::keep}, {"close", balance::OnDown::close}}),
      "What becomes of connections to a server that went down.");
  static const Section<RawUpstream> section = [] {
    Section<RawUpstream> made;
    made.include(upstream_section(), &RawUpstream::options).include(own, &RawUpstream::options);
    return made;
  }();
  return section;
}

const Section<RawLb>& root_section() {
  static const Section<RawLb> section =
      Section<RawLb>()
          .field("process", &RawLb::process, table(process_section()), "The process.")
          .field("admin", &RawLb::admin, table(admin_section()),
                 "The admin address; without this section there is none.")
          .field("log", &RawLb::log, table(log_section()), "What is logged, and where.")
          .field("listener", &RawLb::listeners,
                 tables<RawListener>("listener", {"name", "listen"}, listener_section(), &RawListener::place),
                 "Where clients connect, and what becomes of their connections.")
          .at(&RawLb::listeners_place)
          .field("upstream", &RawLb::upstreams,
                 named<RawUpstream>(
                     "upstream", lb_upstream_section(), [](RawUpstream& u) -> std::string& { return u.options.name; },
                     &RawUpstream::place),
                 "Servers among which connections are balanced, by name.");
  return section;
}

// The upstreams by name, and which of them something leads to.
struct Upstreams {
  std::vector<RawUpstream>& raw;
  std::vector<Defined> names;
  std::vector<bool> used;
};

std::optional<std::size_t> lead_to(Reader& reader, const std::string& name, Place place, const RawListener& listener,
                                   Upstreams& upstreams, std::set<std::size_t>& known) {
  if (name.empty()) return std::nullopt;
  const auto index = resolve(reader, "upstream", name, place, upstreams.names);
  if (!index) return std::nullopt;
  upstreams.used[*index] = true;
  if (known.insert(*index).second) {
    check_loop(reader, listener.config.listen, listener.listen_place, upstreams.raw[*index].options);
  }
  return index;
}

void settle_upstreams(RawListener& listener, Reader& reader, Upstreams& upstreams) {
  std::set<std::size_t> known;  // to which it leads
  listener.config.upstream = lead_to(reader, listener.upstream, listener.upstream_place, listener, upstreams, known);
  if (listener.matches.empty() && !listener.upstream_place.known()) {
    reader.error(listener.place, "\"upstream\" is missing");
  }
  check_matches(reader, listener.matches);
  for (RawMatch& match : listener.matches) {
    match.config.upstream =
        lead_to(reader, match.upstream, match.upstream_place, listener, upstreams, known).value_or(0);
    listener.config.matches.push_back(match.config);
  }
}

LbConfig finish(RawLb& raw, Reader& reader) {
  std::vector<Defined> listeners;
  std::vector<Listening> listening;
  Upstreams upstreams{raw.upstreams, {}, std::vector<bool>(raw.upstreams.size())};
  if (raw.admin.listen) listening.push_back({*raw.admin.listen, raw.admin.place, "admin"});
  check_admin(reader, raw.admin);
  LbConfig config{raw.process, raw.admin, raw.log, {}, {}};
  settle(config.process);
  for (RawUpstream& upstream : raw.upstreams) {
    upstreams.names.push_back({upstream.options.name, upstream.place});
    check_upstream_tls(reader, upstream.options, upstream.place);
    config.upstreams.push_back(upstream.options);
  }
  if (raw.listeners.empty() && !raw.listeners_place.known()) reader.error({}, "no [[listener]] is defined");
  for (RawListener& listener : raw.listeners) {
    if (listener.config.name.empty()) listener.config.name = listener.config.listen.to_string();
    const std::string what = "listener " + quoted(listener.config.name);
    listeners.push_back({listener.config.name, listener.place});
    if (listener.listen_place.known()) listening.push_back({listener.config.listen, listener.listen_place, what});
    const auto scope = reader.inside(what);
    settle_upstreams(listener, reader, upstreams);
    if (listener.config.tls && !listener.matches.empty()) {
      reader.error(listener.config.tls->place,
                   "\"tls\" ends TLS here, [[listener.match]] passes it through unopened: only one of them can be");
    }
    settle_tls(reader, listener.config.name, listener.config.tls, {});
    check_access(reader, listener.config.listen, listener.config.access);
    config.listeners.push_back(listener.config);
  }
  check_unique(reader, "listener", listeners);
  check_listening(reader, listening);
  warn_unused(reader, "upstream", upstreams.names, upstreams.used);
  return config;
}

}  // namespace

LoadResult<LbConfig> load_lb(const std::string& path) { return load_file<LbConfig>(path, root_section(), finish); }

LoadResult<LbConfig> quick_lb(std::string_view listen, const std::vector<std::string>& to) {
  LbConfig config;
  ListenerConfig& listener = config.listeners.emplace_back();
  LoadResult<LbConfig> result;
  result.errors = read_quick(listen, to, listener.listen, config.upstreams.emplace_back());
  listener.name = listener.listen.to_string();
  listener.upstream = 0;
  settle(config.process);
  if (result.errors.empty()) result.config = std::move(config);
  return result;
}

std::string dump(const LbConfig& config) {
  RawLb raw{config.process, config.admin, config.log, {}, {}, {}};
  for (const ListenerConfig& listener : config.listeners) {
    RawListener& shown = raw.listeners.emplace_back();
    shown.config = listener;
    if (listener.upstream) shown.upstream = config.upstreams[*listener.upstream].name;
    if (listener.name == listener.listen.to_string()) shown.config.name.clear();
    for (const MatchConfig& match : listener.matches) {
      shown.matches.push_back({match, config.upstreams[match.upstream].name, {}, {}, {}, {}});
    }
  }
  for (const balance::UpstreamOptions& upstream : config.upstreams) {
    raw.upstreams.push_back({without_default_names(upstream), {}});
  }
  return to_toml(root_section().show(raw));
}

std::string lb_schema() { return file_schema("lb.toml", root_section().schema()); }

}  // namespace tandem::lb
