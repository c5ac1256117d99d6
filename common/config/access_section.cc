#include "common/config/access_section.h"

#include <charconv>

#include <fmt/format.h>

namespace tandem::config {
namespace {

const Section<limit::SourceLimits>& per_source_section() {
  static const Section<limit::SourceLimits> section =
      Section<limit::SourceLimits>()
          .field("connections", &limit::SourceLimits::connections, count_or_none(1), "That are open at a time.")
          .field("rate", &limit::SourceLimits::rate, rate_or_none(),
                 "New connections; as many as a second's at once, and at least one.");
  return section;
}

// The permissions of a file as chmod takes them.
Kind<std::optional<std::uint32_t>> file_mode() {
  static constexpr std::string_view kExpected = "a mode such as \"0660\"";
  Kind<std::optional<std::uint32_t>> kind;
  kind.read = [](Reader& reader, const Value& value, std::optional<std::uint32_t>& to) {
    const auto text = reader.text(value, kExpected);
    if (!text) return false;
    std::uint32_t mode = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), mode, 8);
    if (error != std::errc() || end != text->data() + text->size() || mode > 0777 || text->size() > 4) {
      return reader.error(value.place, fmt::format("{} is not {}, in octal", quoted(*text), kExpected));
    }
    to = mode;
    return true;
  };
  kind.show = [](const std::optional<std::uint32_t>& mode) {
    return mode ? std::optional<Value>(fmt::format("{:04o}", *mode)) : std::nullopt;
  };
  kind.schema = [] {
    Value schema;
    schema.set("type", "string").set("pattern", "^[0-7]{1,4}$");
    return schema;
  };
  return kind;
}

}  // namespace

std::vector<IpPrefix> everybody() { return {*IpPrefix::parse("0.0.0.0/0"), *IpPrefix::parse("::/0")}; }

const Section<AccessConfig>& access_section() {
  static const Section<AccessConfig> section =
      Section<AccessConfig>()
          .field("allow_from", &AccessConfig::allow_from, prefixes(),
                 "Clients that may come. The longest prefix of both lists decides; who is in none may not.")
          .at(&AccessConfig::allow_place)
          .field("deny_from", &AccessConfig::deny_from, prefixes(),
                 "Clients that may not; a prefix that is in both lists denies.")
          .at(&AccessConfig::other_place)
          .field("per_source", &AccessConfig::per_source,
                 table_or<limit::SourceLimits>(
                     "none", {}, [](const limit::SourceLimits& limits) { return !limits.any(); }, per_source_section()),
                 "What one client may have: an IPv4 address, or the /64 of an IPv6 address.")
          .at(&AccessConfig::other_place)
          .field("mode", &AccessConfig::mode, file_mode(),
                 "Permissions of a unix socket's file, who can write to it can connect; by default as the umask says.")
          .at(&AccessConfig::mode_place);
  return section;
}

void check_access(Reader& reader, const Address& listen, const AccessConfig& access) {
  const Place place = access.allow_place.known() ? access.allow_place : access.other_place;
  if (listen.is_unix() && place.known()) {
    reader.error(place,
                 "clients of a unix socket have no address: allow_from, deny_from and per_source say nothing here");
  }
  if (!listen.is_unix() && access.mode_place.known()) {
    reader.error(access.mode_place, "mode is for unix sockets: this listener has no file");
  }
  if (access.allow_from.empty())
    reader.warning(access.allow_place, "allow_from: the list is empty, so nobody may come");
}

}  // namespace tandem::config
