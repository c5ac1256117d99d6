#include "gateway/config_forward.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/http/byte_class.h"
#include "gateway/config_endpoint.h"
#include "gateway/config_filters.h"
#include "gateway/config_source.h"

namespace tandem::gateway {
namespace {

using namespace config;

Kind<std::string> field_name() {
  Kind<std::string> kind = unless_empty(text());
  kind.read = [](Reader& reader, const Value& value, std::string& to) {
    const auto text = reader.text(value, "the name of a field");
    if (!text) return false;
    if (!http::is_token(*text)) return reader.error(value.place, quoted(*text) + " is not a field name");
    to = *text;
    return true;
  };
  return kind;
}

const Section<ForwardConfig::Cache>& cache_section() {
  static const Section<ForwardConfig::Cache> section =
      Section<ForwardConfig::Cache>()
          .field("key", &ForwardConfig::Cache::key, list(verdict_key(), "parts of a request"),
                 "What its verdict depends on: \"header:NAME\", \"cookie:NAME\", \"query:NAME\", \"method\", \"host\", "
                 "\"path\", \"uri\", \"ip\". A request that lacks one is asked about each time.")
          .required()
          .field("for", &ForwardConfig::Cache::keep, duration(std::chrono::milliseconds(1)),
                 "How long who was let through is.")
          .required();
  return section;
}

Kind<ForwardConfig::Cache> verdict_cache() {
  Kind<ForwardConfig::Cache> kind = table(cache_section());
  kind.show = [](const ForwardConfig::Cache& shown) -> std::optional<Value> {
    return shown.key.empty() ? std::nullopt : std::optional<Value>(cache_section().show(shown));
  };
  return kind;
}

const std::string* repeated(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto is_same = [&](const std::string& other) { return http::equals_ignoring_case(other, names[i]); };
    if (std::any_of(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), is_same)) return &names[i];
  }
  return nullptr;
}

// Without one of these a verdict would be everybody's.
bool tells_callers_apart(const VerdictKey& part) {
  return part.kind == VerdictKey::Kind::credential || part.kind == VerdictKey::Kind::ip;
}

}  // namespace

const Section<ForwardConfig>& forward_section() {
  static const Section<ForwardConfig> section =
      Section<ForwardConfig>()
          .include(endpoint_section(), &ForwardConfig::helper)
          .field("headers", &ForwardConfig::headers, field_names(Message::request),
                 "The fields of the request that the service is shown; by default all that do not speak of a body.")
          .field("copy", &ForwardConfig::copy, field_names(Message::request),
                 "Fields of its answer that go on with the request. A client's own are removed from every request.")
          .field("consumer", &ForwardConfig::consumer, field_name(), "The field of its answer that names the caller.")
          .field("groups", &ForwardConfig::groups, field_name(),
                 "The field that names the caller's groups, separated by commas.")
          .field("plan", &ForwardConfig::plan, field_name(), "The field that names the caller's plan.")
          .field("if_unavailable", &ForwardConfig::allow_if_unavailable,
                 words<bool>({{"deny", false}, {"allow", true}}),
                 "When it gives no verdict: \"deny\" (503), or \"allow\": everybody is let through as nobody.")
          .at(&ForwardConfig::if_unavailable_place)
          .field("cache", &ForwardConfig::cache, verdict_cache(),
                 "{ key, for }: who was let through is for a while, without being asked about; by default never.")
          .at(&ForwardConfig::cache_place);
  return section;
}

bool finish_forward(Reader& reader, AuthConfig& provider) {
  const ForwardConfig& config = provider.forward;
  if (!config.from_place.known()) provider.from = {CredentialSource::Kind::request, {}};
  if (config.allow_if_unavailable) {
    reader.warning(config.if_unavailable_place,
                   "if_unavailable = \"allow\": whoever stops the service that decides opens the door");
  }
  if (const std::string* name = repeated(config.copy)) {
    return reader.error(provider.place, fmt::format("copy: {} stands there more than once", quoted(*name)));
  }
  if (!config.cache.key.empty() && std::ranges::none_of(config.cache.key, tells_callers_apart)) {
    return reader.error(config.cache_place,
                        "cache: the key tells no callers apart; write what their credential is, such as "
                        "\"cookie:session\" or \"header:Authorization\"");
  }
  if (config.cache_place.known() && config.cache.key.empty()) {
    return reader.error(config.cache_place, "cache: the key is empty");
  }
  return true;
}

}  // namespace tandem::gateway
