// The keys of a route's filters, and of a fixed answer's fields: parts of the sections in config_sections.cc. Load time
// only.
#pragma once
#include <vector>

#include "common/config/section.h"
#include "gateway/config.h"
#include "gateway/routing/pattern.h"

namespace tandem::gateway {

// Which of the two a field stands in: the gateway's own fields are refused in both, but they are not the same.
enum class Message : std::uint8_t { request, response };

// A table of names and values ({ X-User = "claim:sub" }).
config::Kind<std::vector<FieldSetting>> fields_of(Message message);

// A list of names of fields; dump leaves an empty one out.
config::Kind<std::vector<std::string>> field_names(Message message);

// The JSON Schema of a table whose values are texts.
config::Value texts_by_name_schema();

const config::Section<HeadersConfig>& headers_section();
config::Kind<CorsConfig> cors();          // a table, or "off"
config::Kind<CompressConfig> compress();  // a list of codings, or a table

// Says what is wrong in the filters of a route whose match is `pattern`.
void check_filters(config::Reader& reader, const RouteConfig& route, const routing::MatchPattern& pattern);

}  // namespace tandem::gateway
