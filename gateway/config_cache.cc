#include "gateway/config_cache.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/quantity.h"

namespace tandem::gateway {
namespace {

using namespace config;

constexpr std::uint64_t kSmallest = 64 * 1024;  // of a cache
constexpr std::string_view kOff = "off";

// Whole seconds, as caches count them; "none": never.
Kind<Duration> whole_seconds() {
  Kind<Duration> kind = duration_or_none(std::chrono::seconds(0), Duration::zero());
  kind.read = [read = kind.read](Reader& reader, const Value& value, Duration& to) {
    Duration given{};
    if (!read(reader, value, given)) return false;
    if (given % std::chrono::seconds(1) != Duration::zero()) {
      return reader.error(value.place, "caches count whole seconds");
    }
    to = given;
    return true;
  };
  return kind;
}

const Section<CacheConfig::Stale>& stale_section() {
  static const Section<CacheConfig::Stale> section =
      Section<CacheConfig::Stale>()
          .field("while_revalidate", &CacheConfig::Stale::while_revalidate, whole_seconds(),
                 "How long a stale answer is still given while the service is asked anew behind it.")
          .field("if_error", &CacheConfig::Stale::if_error, whole_seconds(),
                 "How long a stale answer stands in for one that failed (no answer, 500, 502, 503, 504).");
  return section;
}

const Section<CacheConfig>& cache_section() {
  static const Section<CacheConfig> section =
      Section<CacheConfig>()
          .field("size", &CacheConfig::size, size(kSmallest, std::uint64_t{1} << 44),
                 "Bytes that it holds, all told; beyond it, what is least used goes.")
          .field("max_object", &CacheConfig::max_object, size(1, std::uint64_t{1} << 32),
                 "Bytes of a body; longer ones are not stored. By default no more than half of `size`.")
          .at(&CacheConfig::max_object_place)
          .field("stale", &CacheConfig::stale, table(stale_section()),
                 "How long stale answers may be used where they say nothing of it themselves.");
  return section;
}

Kind<std::vector<CacheConfig>> named_caches() {
  return named<CacheConfig>(
      "cache", cache_section(), [](CacheConfig& c) -> std::string& { return c.name; }, &CacheConfig::place);
}

}  // namespace

Kind<std::vector<CacheConfig>> caches() {
  Kind<std::vector<CacheConfig>> kind = named_caches();
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::vector<CacheConfig>& to) {
    bool good = read(reader, value, to);
    for (CacheConfig& one : to) {
      if (!one.max_object_place.known()) one.max_object = std::min(one.max_object, one.size / 2);
      if (one.max_object <= one.size) continue;
      const auto scope = reader.inside("cache " + quoted(one.name));
      good = reader.error(one.max_object_place, fmt::format("max_object: {} is more than the cache holds (size {})",
                                                            format_size(one.max_object), format_size(one.size)));
    }
    return good;
  };
  kind.show = [show = kind.show](const std::vector<CacheConfig>& shown) {
    return shown.empty() ? std::nullopt : show(shown);
  };
  return kind;
}

Kind<CacheUse> cache_use() {
  Kind<CacheUse> kind;
  kind.read = [](Reader& reader, const Value& value, CacheUse& to) {
    const auto text = reader.text(value, "the name of a cache, or \"off\"");
    if (!text) return false;
    to = {*text == kOff ? std::string() : *text, value.place};
    return true;
  };
  kind.show = [](const CacheUse& use) {
    return std::optional<Value>(use.cache.empty() ? std::string(kOff) : use.cache);
  };
  kind.schema = text().schema;
  return kind;
}

void resolve_cache(CacheUse& use, Reader& reader, std::span<const Defined> caches, std::vector<bool>& used) {
  if (use.cache.empty()) return;
  const auto index = resolve(reader, "cache", use.cache, use.place, caches);
  if (!index) return;
  use.index = *index;
  used[*index] = true;
}

}  // namespace tandem::gateway
