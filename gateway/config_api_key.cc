#include "gateway/config_api_key.h"

#include <map>

#include <fmt/format.h>

#include "gateway/config_consumers.h"

namespace tandem::gateway {
namespace {

using namespace config;

Kind<std::vector<ConsumerConfig>> in_place() {
  auto kind = tables("consumer", {"name"}, key_consumer_section(), &ConsumerConfig::place);
  kind.show = [show = kind.show](const std::vector<ConsumerConfig>& shown) {
    return shown.empty() ? std::nullopt : show(shown);
  };
  return kind;
}

// Whose key would it be?
bool check_keys(Reader& reader, const std::vector<ConsumerConfig>& consumers) {
  std::map<std::array<std::uint8_t, 32>, const ConsumerConfig*> known;
  bool good = true;
  for (const ConsumerConfig& consumer : consumers) {
    const auto [first, is_new] = known.emplace(consumer.key_hash, &consumer);
    if (is_new) continue;
    good = reader.error(
        consumer.key_hash_place,
        fmt::format("consumer {}: key_hash: it is that of consumer {} at {}", quoted(consumer.name),
                    quoted(first->second->name), reader.diagnostics().describe(first->second->key_hash_place)));
  }
  return good;
}

}  // namespace

const Section<ApiKeyConfig>& api_key_section() {
  static const Section<ApiKeyConfig> section = [] {
    Section<ApiKeyConfig> made;
    with_file(made, "consumers", &ApiKeyConfig::file, &ApiKeyConfig::file_place,
              "Who has a key: { file = \"PATH\" }, a file of [[consumer]]; read again on every reload.");
    return made.field("consumer", &ApiKeyConfig::in_place, in_place(), "Likewise, written here.")
        .at(&ApiKeyConfig::in_place_place);
  }();
  return section;
}

bool finish_api_key(Reader& reader, AuthConfig& provider) {
  ApiKeyConfig& config = provider.api_key;
  if (!config.file_place.known() && !config.in_place_place.known()) {
    return reader.error(provider.place,
                        "who has a key is not said; write `consumers = { file = \"PATH\" }`, or "
                        "[[auth.NAME.consumer]]");
  }
  config.consumers = config.in_place;
  if (!config.file.empty() &&
      !read_consumers(reader, config.file, config.file_place, key_consumer_section(), config.consumers)) {
    return false;
  }
  const bool named_once = check_names(reader, config.consumers);
  return check_keys(reader, config.consumers) && named_once;
}

}  // namespace tandem::gateway
