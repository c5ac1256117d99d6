#include "gateway/config_basic.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/files.h"
#include "gateway/config_consumers.h"

namespace tandem::gateway {
namespace {

using namespace config;

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;

// It stands in quotes in a field.
Kind<std::string> realm() {
  Kind<std::string> kind = unless_empty(text());
  kind.read = [](Reader& reader, const Value& value, std::string& to) {
    const auto text = reader.text(value, "a text");
    if (!text) return false;
    const auto fits = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    if (text->empty() || !std::ranges::all_of(*text, fits)) {
      return reader.error(value.place, "write visible ASCII without quotes and backslashes");
    }
    to = *text;
    return true;
  };
  return kind;
}

// A message about a line of that file shows nothing of it: there are hashes in it, or a password by mistake.
bool read_users(Reader& reader, BasicConfig& config) {
  auto text = read_file(config.file, kMostBytes);
  if (!text) return reader.error(config.file_place, text.error().detail);
  passwords::Users read = passwords::parse_htpasswd(*text);
  const std::uint32_t file = reader.diagnostics().add_file(config.file, *std::move(text));
  for (const passwords::Fault& fault : read.faults) {
    const Place place = {file, fault.line, fault.column};
    reader.diagnostics().hide_line(place);
    reader.error(place, fault.text);
  }
  if (read.faults.empty() && read.users.empty()) return reader.error({file, 0, 0}, "nobody is in it");
  if (!read.faults.empty()) return false;
  reader.warn_of_readable(config.file_place, config.file);
  config.users = std::move(read.users);
  return true;
}

bool read_their_consumers(Reader& reader, BasicConfig& config) {
  if (config.consumers_file.empty()) return true;
  if (!read_consumers(reader, config.consumers_file, config.consumers_place, consumer_section(), config.consumers) ||
      !check_names(reader, config.consumers)) {
    return false;
  }
  for (const ConsumerConfig& consumer : config.consumers) {
    if (std::ranges::find(config.users, consumer.name, &passwords::User::name) != config.users.end()) continue;
    reader.warning(consumer.place,
                   fmt::format("consumer {}: {} has no such user", quoted(consumer.name), quoted(config.file)));
  }
  return true;
}

}  // namespace

const Section<BasicConfig>& basic_section() {
  static const Section<BasicConfig> section = [] {
    Section<BasicConfig> made;
    with_file(made, "users", &BasicConfig::file, &BasicConfig::file_place,
              "Who has a password: { file = \"PATH\" }, lines of \"name:hash\" as htpasswd writes them; read again on "
              "every reload.");
    made.required();
    with_file(made, "consumers", &BasicConfig::consumers_file, &BasicConfig::consumers_place,
              "Groups and plans of users, by their names: { file = \"PATH\" }, a file of [[consumer]].");
    return made
        .field("realm", &BasicConfig::realm, realm(),
               "What a browser shows when it asks; by default the provider's name.")
        .field("remember", &BasicConfig::remember, duration_or_none(std::chrono::seconds(1), Duration::zero()),
               "How long a password that was right needs no checking; \"none\": each request costs a slow hash.");
  }();
  return section;
}

bool finish_basic(Reader& reader, AuthConfig& provider) {
  BasicConfig& config = provider.basic;
  provider.from = {CredentialSource::Kind::scheme, "Basic"};
  if (config.realm.empty()) config.realm = provider.name;
  if (config.file.empty()) return false;  // which has been said
  const bool users = read_users(reader, config);
  return read_their_consumers(reader, config) && users;
}

}  // namespace tandem::gateway
