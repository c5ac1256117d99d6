#include "lb/match_section.h"

#include <map>
#include <utility>

#include <fmt/format.h>

namespace tandem::lb {
namespace {

using namespace config;

// The name of a protocol is 1 to 255 bytes (RFC 7301 §3.1).
Kind<std::string> protocol() {
  Kind<std::string> kind = text();
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::string& to) {
    std::string name;
    if (!read(reader, value, name)) return false;
    if (name.empty() || name.size() > 255) {
      return reader.error(value.place, quoted(name) + " is not a protocol; write one such as \"h2\" or \"http/1.1\"");
    }
    to = std::move(name);
    return true;
  };
  return kind;
}

// A list that is absent or has something in it.
Kind<std::vector<std::string>> some(Kind<std::vector<std::string>> kind) {
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::vector<std::string>& to) {
    if (value.array() && value.array()->empty()) return reader.error(value.place, "the list is empty");
    return read(reader, value, to);
  };
  kind.show = [show = kind.show](const std::vector<std::string>& list) {
    return list.empty() ? std::nullopt : show(list);
  };
  return kind;
}

// How a message speaks of what a match asks for.
std::string asked(const std::string& name, const std::string& protocol) {
  if (name.empty()) return "alpn " + quoted(protocol);
  return "sni " + quoted(name) + (protocol.empty() ? "" : " with alpn " + quoted(protocol));
}

}  // namespace

const Section<RawMatch>& match_section() {
  static const Section<MatchConfig> sni = Section<MatchConfig>().field(
      "sni", &MatchConfig::sni, some(list(host_pattern(), "host names")),
      "The names (SNI) that it takes; \"*.example.com\" is exactly one label more. Without it: any, and none.");
  static const Section<MatchConfig> alpn =
      Section<MatchConfig>().field("alpn", &MatchConfig::alpn, some(list(protocol(), "protocols")),
                                   "The protocols (ALPN) of which one must be offered. Without it: any, and none.");
  static const Section<RawMatch> section = [] {
    Section<RawMatch> made;
    made.include(sni, &RawMatch::config)
        .at(&RawMatch::sni_place)
        .include(alpn, &RawMatch::config)
        .at(&RawMatch::alpn_place)
        .field("upstream", &RawMatch::upstream, name(), "Where what it takes goes: an [upstream.NAME].")
        .required()
        .at(&RawMatch::upstream_place);
    return made;
  }();
  return section;
}

void check_matches(Reader& reader, std::span<const RawMatch> matches) {
  std::map<std::pair<std::string, std::string>, Place> taken;
  const std::vector<std::string> any = {std::string()};
  for (const RawMatch& match : matches) {
    const MatchConfig& config = match.config;
    if (!match.sni_place.known() && !match.alpn_place.known()) {
      reader.error(match.place,
                   "match: needs \"sni\" or \"alpn\"; what nothing matches goes to the listener's own `upstream`");
    }
    if (config.sni.empty() && config.alpn.empty()) continue;
    for (const std::string& name : config.sni.empty() ? any : config.sni) {
      for (const std::string& protocol : config.alpn.empty() ? any : config.alpn) {
        const auto [before, is_new] = taken.try_emplace({name, protocol}, match.place);
        if (is_new) continue;
        const std::string where = before->second == match.place ? "is given twice"
                                                                : "is already taken by the match at " +
                                                                      reader.diagnostics().describe(before->second);
        reader.error(match.place, fmt::format("match: {} {}", asked(name, protocol), where));
      }
    }
  }
}

}  // namespace tandem::lb
