// Consumers: who is known to a provider by name, in a file of [[consumer]] tables or in place. Private to the files
// that read [auth.NAME].
#pragma once
#include <string>
#include <vector>

#include "common/config/section.h"
#include "gateway/auth/options.h"

namespace tandem::gateway {

// name, key_hash, groups, plan.
const config::Section<ConsumerConfig>& key_consumer_section();

// Reads all of `path`, which is named at `named_at`; every error has its place in that file. False, and said so, when
// something is wrong or nobody is in it.
bool read_consumers(config::Reader& reader, const std::string& path, config::Place named_at,
                    const config::Section<ConsumerConfig>& section, std::vector<ConsumerConfig>& to);

// `consumers = { file = "PATH" }`, for a struct with the path and its place.
template <class S>
config::Section<S>& with_consumers_file(config::Section<S>& section, std::string S::* file, config::Place S::* place,
                                        std::string_view doc) {
  return section.custom(
      "consumers",
      [=](config::Reader& reader, const config::Value& value, S& to) {
        static const config::Section<S> inner =
            config::Section<S>().field("file", file, config::path(), "Its path.").required();
        to.*place = value.place;
        if (!value.table()) return reader.expected("{ file = \"PATH\" }", value);
        return inner.read(reader, value, to);
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
