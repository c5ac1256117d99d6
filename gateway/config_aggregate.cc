#include "gateway/config_aggregate.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/config_cache.h"
#include "gateway/config_filters.h"
#include "gateway/handlers/aggregate/plan.h"

namespace tandem::gateway {
namespace {

using namespace config;
using http::FieldId;

constexpr std::uint64_t kMostSize = std::uint64_t{1} << 30;
constexpr std::uint32_t kMostElements = 10'000;

// Of a client's request, what would make a part's answer something else than the whole of it in plain text.
constexpr http::FieldSet kNotForParts(FieldId::accept_encoding, FieldId::content_encoding, FieldId::content_type,
                                      FieldId::if_match, FieldId::if_none_match, FieldId::if_modified_since,
                                      FieldId::if_unmodified_since, FieldId::if_range, FieldId::range);

// A text with its place; dump leaves an empty one out.
Kind<PlacedText> placed(std::string what) {
  Kind<PlacedText> kind;
  kind.read = [what](Reader& reader, const Value& value, PlacedText& to) {
    const auto text = reader.text(value, what);
    if (!text) return false;
    to = {*text, value.place};
    return true;
  };
  kind.show = [](const PlacedText& from) {
    return from.place.known() || !from.text.empty() ? std::optional<Value>(from.text) : std::nullopt;
  };
  kind.schema = text().schema;
  return kind;
}

Kind<std::vector<PlacedText>> paths() {
  Kind<std::vector<PlacedText>> kind = list(placed("a path such as \"address.city\""), "paths");
  kind.show = [show = kind.show](const std::vector<PlacedText>& all) { return all.empty() ? std::nullopt : show(all); };
  return kind;
}

Kind<std::vector<std::pair<PlacedText, std::string>>> renames() {
  Kind<std::vector<std::pair<PlacedText, std::string>>> kind;
  kind.read = [](Reader& reader, const Value& value, std::vector<std::pair<PlacedText, std::string>>& to) {
    if (!value.table()) return reader.expected("a table of paths and new names", value);
    bool good = true;
    to.clear();
    for (const Member& member : *value.table()) {
      const auto scope = reader.inside(quoted(member.key));
      if (member.value.table()) {
        good = reader.error(member.place, "a path with dots is written in quotes: \"a.b\" = \"c\"");
        continue;
      }
      const auto name = reader.text(member.value, "the new name");
      if (name && name->empty()) reader.error(member.value.place, "the new name is empty");
      good = good && name && !name->empty();
      if (name) to.emplace_back(PlacedText{member.key, member.place}, *name);
    }
    return good;
  };
  kind.show = [](const std::vector<std::pair<PlacedText, std::string>>& all) -> std::optional<Value> {
    if (all.empty()) return std::nullopt;
    Value shown;
    for (const auto& [path, name] : all) shown.set(path.text, name);
    return shown;
  };
  kind.schema = texts_by_name_schema;
  return kind;
}

Kind<std::vector<std::string>> forwarded_fields() {
  Kind<std::vector<std::string>> kind = field_names(Message::request);
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::vector<std::string>& to) {
    bool good = read(reader, value, to);
    for (const Value& item : value.array() ? *value.array() : Value::Array()) {
      const FieldId id = item.text() ? http::field_id(*item.text()) : FieldId::other;
      if (id == FieldId::other || !kNotForParts.has(id)) continue;
      good = reader.error(item.place, "a part is asked for the whole, in plain text: this stays behind");
    }
    return good;
  };
  return kind;
}

// Any value: what a service would have said.
Kind<std::optional<Value>> any_value() {
  return {.read =
              [](Reader&, const Value& value, std::optional<Value>& to) {
                to = value;
                return true;
              },
          .show = [](const std::optional<Value>& value) { return value; },
          .schema = [] { return Value(); }};
}

// `get` and `post` are one call, said in one way.
template <http::Method M>
bool read_call(Reader& reader, const Value& value, PartConfig& to) {
  if (!to.call.text.empty()) return reader.error(value.place, "only one of `get` and `post` can be asked");
  to.method = M;
  return placed("\"UPSTREAM PATH\"").read(reader, value, to.call);
}

template <http::Method M>
std::optional<Value> show_call(const PartConfig& from) {
  return from.method == M && !from.call.text.empty() ? std::optional<Value>(from.call.text) : std::nullopt;
}

const Section<PartConfig>& part_section() {
  static const Section<PartConfig> section = [] {
    Section<PartConfig> made;
    made.field("name", &PartConfig::name, text(), "What other parts, logs and Gateway-Parts call it.")
        .required()
        .at(&PartConfig::name_place)
        .custom("get", read_call<http::Method::get>, show_call<http::Method::get>, text().schema,
                "Who is asked: UPSTREAM PATH, with {param}, {part.path.to.value} and {each}.")
        .custom("post", read_call<http::Method::post>, show_call<http::Method::post>, text().schema,
                "The same with POST, and `body`.")
        .field("body", &PartConfig::body, placed("a JSON text"),
               "Of a post: JSON, in which references may stand for values and within strings.")
        .field("headers", &PartConfig::headers, forwarded_fields(),
               "Fields of the client's request that go along; no others do.")
        .field("required", &PartConfig::required, boolean(), "Whether there is no answer without it.")
        .field("timeout", &PartConfig::timeout, maybe(duration(std::chrono::milliseconds(1))),
               "How long all of it may take; by default as long as the answer.")
        .field("take", &PartConfig::take, placed("a JSON Pointer"),
               "The place in what the service says that counts, as JSON Pointer: \"/data/items\".")
        .field("keep", &PartConfig::keep, paths(), "What is left of it: \"id\", \"address.city\"; through arrays too.")
        .field("drop", &PartConfig::drop, paths(), "What is left out of it.")
        .field("rename", &PartConfig::rename, renames(), "New names, by the path of the old one.")
        .field("put", &PartConfig::put, placed("a path such as \"orders\""),
               "Where in the answer: \"orders\", \"orders[].product\"; else its members are merged at the root.")
        .field("each", &PartConfig::each, placed("a path such as \"orders[].product_id\""),
               "One call for each distinct value of another part, which is {each}; {each:,} joins them into one call.")
        .field("by", &PartConfig::by, placed("a path such as \"id\""),
               "With {each:,}: what of each element says for which value it is.")
        .field("parallel", &PartConfig::parallel, integer<std::uint32_t>(1, 1000), "Of `each`: calls at a time.")
        .field("max_elements", &PartConfig::max_elements, integer<std::uint32_t>(1, kMostElements),
               "Of `each`: distinct values; with more the part fails.")
        .field("fallback", &PartConfig::fallback, any_value(), "Stands in when the part fails.")
        .at(&PartConfig::fallback_place)
        .field("as", &PartConfig::as_string, words<bool>({{"json", false}, {"string", true}}),
               "What the body is taken for: \"json\", or \"string\": any text, put as one string.")
        .field("max_size", &PartConfig::max_size, size(1, kMostSize),
               "Bytes of a body; of a longer one the part fails.")
        .field("cache", &PartConfig::cache, cache_use(), "The cache that its answers are stored in; \"off\": none.");
    return made;
  }();
  return section;
}

const Section<AggregateConfig>& aggregate_section() {
  static const Section<AggregateConfig> section =
      Section<AggregateConfig>()
          .field("collisions", &AggregateConfig::collisions,
                 words<json::Collisions>({{"error", json::Collisions::error},
                                          {"first", json::Collisions::first},
                                          {"last", json::Collisions::last},
                                          {"deep", json::Collisions::deep}}),
                 "What becomes of a name that two parts give: the second part fails, the first or the last one counts, "
                 "or objects are merged.")
          .field("errors_at", &AggregateConfig::errors_at, placed("a path such as \"_errors\""),
                 "Where the answer says which parts failed; by default only Gateway-Parts does.")
          .field("max_size", &AggregateConfig::max_size, size(1, kMostSize),
                 "Bytes of all parts' bodies together, and of the answer.");
  return section;
}

}  // namespace

const Section<RouteConfig>& aggregation_section() {
  static const Section<RouteConfig> section = [] {
    Section<RouteConfig> made;
    made.custom(
            "aggregate",
            [](Reader& reader, const Value& value, RouteConfig& to) {
              return aggregate_section().read(reader, value, to.aggregate);
            },
            [](const RouteConfig& from) {
              return from.parts.empty() ? std::nullopt : std::optional(aggregate_section().show(from.aggregate));
            },
            [] { return aggregate_section().schema(); }, "How the parts make up one answer.")
        .at(&RouteConfig::aggregate_place)
        .custom(
            "part",
            [](Reader& reader, const Value& value, RouteConfig& to) {
              return read_tables(reader, value, "part", {"name"}, part_section(), PartConfig(), &PartConfig::place,
                                 to.parts);
            },
            [](const RouteConfig& from) -> std::optional<Value> {
              if (from.parts.empty()) return std::nullopt;
              Value::Array shown;
              for (const PartConfig& part : from.parts) shown.push_back(part_section().show(part));
              return Value(std::move(shown));
            },
            [] { return detail::list_schema(part_section().schema()); },
            "What several services say, joined into one answer.")
        .at(&RouteConfig::parts_place)
        .names_itself();
    return made;
  }();
  return section;
}

void resolve_parts(RouteConfig& route, Reader& reader, std::span<const Defined> upstreams, std::vector<bool>& used,
                   std::span<const Defined> caches, std::vector<bool>& used_caches) {
  for (PartConfig& part : route.parts) {
    const auto scope = reader.inside("part " + quoted(part.name));
    part.upstream = part.call.text.substr(0, part.call.text.find(' '));
    resolve_cache(part.cache, reader, caches, used_caches);
    if (part.upstream.empty()) continue;  // missing, which is said elsewhere
    const auto index = resolve(reader, "upstream", part.upstream, part.call.place, upstreams);
    if (!index) continue;
    part.upstream_index = *index;
    used[*index] = true;
  }
}

void check_parts(Reader& reader, const RouteConfig& route, const routing::MatchPattern& pattern) {
  if (!route.parts_place.known()) return;
  if (route.parts.empty()) reader.error(route.parts_place, "part: the list is empty");
  (void)make_plan(route, pattern, [&](const PlanMistake& mistake) {
    const auto scope = reader.inside(mistake.part.empty() ? std::string("aggregate") : "part " + quoted(mistake.part));
    reader.error(
        mistake.offset ? reader.diagnostics().within(mistake.place, mistake.text, *mistake.offset) : mistake.place,
        mistake.what);
  });
}

}  // namespace tandem::gateway
