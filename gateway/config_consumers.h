// Consumers: who is known to a provider by name, in a file of [[consumer]] tables or in place. Private to the files
// that read [auth.NAME].
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "common/config/section.h"
#include "gateway/auth/options.h"

namespace tandem::gateway {

// name, groups, plan; and of those with a key: key_hash.
const config::Section<ConsumerConfig>& consumer_section();
const config::Section<ConsumerConfig>& key_consumer_section();

// Reads all of `path`, which is named at `named_at`; every error has its place in that file. False, and said so, when
// something is wrong or nobody is in it.
bool read_consumers(config::Reader& reader, const std::string& path, config::Place named_at,
                    const config::Section<ConsumerConfig>& section, std::vector<ConsumerConfig>& to);

// Likewise, of a text that the diagnostics have as `file`.
bool parse_consumers(config::Reader& reader, std::uint32_t file, const config::Section<ConsumerConfig>& section,
                     std::vector<ConsumerConfig>& to);

// `consumers = { file = "PATH" }` and the like, for a struct with the path and its place.
template <class S>
config::Section<S>& with_file(config::Section<S>& section, std::string_view key, std::string S::* file,
                              config::Place S::* place, std::string_view doc) {
  auto inner = std::make_shared<config::Section<S>>();
  inner->field("file", file, config::path(), "Its path.").required();
  return section.custom(
      key,
      [inner, place](config::Reader& reader, const config::Value& value, S& to) {
        to.*place = value.place;
        if (!value.table()) return reader.expected("{ file = \"PATH\" }", value);
        return inner->read(reader, value, to);
      },
      [=](const S& from) -> std::optional<config::Value> {
        if ((from.*file).empty()) return std::nullopt;
        config::Value shown;
        shown.set("file", from.*file);
        return shown;
      },
      [] {
        config::Value file_only, schema;
        file_only.set("file", config::text().schema());
        schema.set("type", "object").set("properties", std::move(file_only));
        return schema;
      },
      doc);
}

// "sha256:…": what `key_hash` says for a key.
std::string key_hash_text(std::string_view key);
// Why a table is no consumer with a key; empty when it is one.
std::string wrong_with_consumer(const config::Value& consumer);

// Says of every consumer whose name another one has already.
bool check_names(config::Reader& reader, const std::vector<ConsumerConfig>& consumers);

}  // namespace tandem::gateway
