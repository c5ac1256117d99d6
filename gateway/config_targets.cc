#include "gateway/config_targets.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/section.h"
#include "common/http/byte_class.h"
#include "common/http/forwarding.h"

namespace tandem::gateway {
namespace {

using namespace config;
using routing::Condition;

// ---- when

// A header that no route ever sees would make a condition that never holds.
bool check_header_name(Reader& reader, const Member& member) {
  if (!http::is_token(member.key)) return reader.error(member.place, "not a field name");
  if (http::field_id(member.key) == http::FieldId::host) {
    return reader.error(member.place, "the host stands in `match`");
  }
  http::Fields alone;
  alone.add(member.key, {});
  http::remove_forwarding_fields(alone);
  if (!alone.empty()) return true;
  return reader.error(member.place, "clients can forge this field: it is removed before a route is looked for");
}

bool check_value(Reader& reader, Condition::Field field, const Value& value, const std::string& text) {
  const bool control = std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (control) return reader.error(value.place, "a value without control characters is expected");
  if (field == Condition::Field::header && http::trim(text) != text) {
    return reader.error(value.place, "a field's value has no blanks around it: this would never hold");
  }
  return true;
}

bool read_conditions(Reader& reader, const Value& value, Condition::Field field, std::vector<Condition>& to) {
  const bool header = field == Condition::Field::header;
  if (!value.table()) {
    return reader.expected(header ? "a table of fields and their values" : "a table of parameters and their values",
                           value);
  }
  bool good = true;
  for (const Member& member : *value.table()) {
    const auto scope = reader.inside(quoted(member.key));
    if (header && !check_header_name(reader, member)) good = false;
    const auto text = reader.text(member.value, "a string");
    if (!text || !check_value(reader, field, member.value, *text)) {
      good = false;
      continue;
    }
    to.push_back({field, member.key, *text});
  }
  return good;
}

Value shown_conditions(const std::vector<Condition>& all, Condition::Field field) {
  Value shown;
  for (const Condition& condition : all) {
    if (condition.field == field) shown.set(condition.name, condition.value);
  }
  return shown;
}

// ---- to

const Section<TargetConfig>& target_section() {
  static const Section<TargetConfig> section =
      Section<TargetConfig>()
          .field("upstream", &TargetConfig::upstream, text(), "Whose servers answer.")
          .required()
          .at(&TargetConfig::upstream_place)
          .field("path", &TargetConfig::path, unless_empty(text()), "The path it is asked for; by default as it came.")
          .at(&TargetConfig::path_place)
          .field("weight", &TargetConfig::weight, integer<std::uint32_t>(0, 10'000),
                 "Its share of the requests, relative to the others; 0: none.");
  return section;
}

bool is_text(const Value& value) {
  return value.text() || (value.table() && (value.find("env") || value.find("file")));
}

bool read_target_text(Reader& reader, const Value& value, TargetConfig& to) {
  const auto text = reader.text(value, "\"UPSTREAM [PATH]\"");
  if (!text) return false;
  const std::size_t space = text->find(' ');
  to.text = *text;
  to.upstream = text->substr(0, space);
  if (space != std::string::npos) to.path = text->substr(space + 1);
  to.upstream_place = to.path_place = value.place;
  return true;
}

bool read_split(Reader& reader, const Value& value, std::vector<TargetConfig>& to) {
  if (value.array()->empty()) return reader.error(value.place, "the list is empty");
  bool good = true;
  std::uint64_t weights = 0;
  for (const Value& item : *value.array()) {
    TargetConfig& target = to.emplace_back();
    good = target_section().read(reader, item, target) && good;
    weights += target.weight;
  }
  if (good && weights == 0) return reader.error(value.place, "every weight is 0: no target would get a request");
  return good;
}

// ---- keys

std::optional<KeyConfig> parse_key(std::string_view text, bool with_ip) {
  if (text == "caller") return KeyConfig{KeyConfig::Kind::caller, {}};
  if (text == "ip" && with_ip) return KeyConfig{KeyConfig::Kind::ip, {}};
  for (const auto& [prefix, kind] : {std::pair(std::string_view("header:"), KeyConfig::Kind::header),
                                     std::pair(std::string_view("cookie:"), KeyConfig::Kind::cookie)}) {
    if (text.starts_with(prefix) && http::is_token(text.substr(prefix.size()))) {
      return KeyConfig{kind, std::string(text.substr(prefix.size()))};
    }
  }
  return std::nullopt;
}

// ---- mirror

const Section<MirrorConfig>& mirror_section() {
  static const Section<MirrorConfig> section = [] {
    Section<MirrorConfig> made;
    made.custom(
            "to",
            [](Reader& reader, const Value& value, MirrorConfig& to) {
              return read_target_text(reader, value, to.target);
            },
            [](const MirrorConfig& from) { return std::optional<Value>(from.target.text); },
            [] { return text().schema(); }, "Who gets the copy: UPSTREAM, or UPSTREAM PATH.")
        .required()
        .field("max_body", &MirrorConfig::max_body, size(0, kMaxMirrorBody),
               "A request with a longer body is not copied.")
        .field("credentials", &MirrorConfig::credentials, boolean(),
               "Whether the copy keeps Authorization and Cookie.");
    return made;
  }();
  return section;
}

}  // namespace

std::string KeyConfig::text() const {
  switch (kind) {
    case Kind::none: return {};
    case Kind::caller: return "caller";
    case Kind::ip: return "ip";
    case Kind::header: return "header:" + name;
    case Kind::cookie: return "cookie:" + name;
  }
  return {};
}

Kind<std::vector<Condition>> conditions() {
  Kind<std::vector<Condition>> kind;
  kind.read = [](Reader& reader, const Value& value, std::vector<Condition>& to) {
    if (!value.table()) return reader.expected("a table with `header` or `query`", value);
    std::vector<Condition> read;
    bool good = true;
    for (const Member& member : *value.table()) {
      const bool header = member.key == "header";
      if (!header && member.key != "query") {
        good = reader.error(member.place, fmt::format("unknown key {}; write `header` or `query`", quoted(member.key)));
        continue;
      }
      const auto scope = reader.inside(member.key);
      good = read_conditions(reader, member.value, header ? Condition::Field::header : Condition::Field::query, read) &&
             good;
    }
    if (good) to = std::move(read);
    return good;
  };
  kind.show = [](const std::vector<Condition>& all) -> std::optional<Value> {
    if (all.empty()) return std::nullopt;
    Value shown;
    for (const auto& [key, field] :
         {std::pair("header", Condition::Field::header), std::pair("query", Condition::Field::query)}) {
      if (Value part = shown_conditions(all, field); !part.table()->empty()) shown.set(key, std::move(part));
    }
    return shown;
  };
  kind.schema = [] {
    Value values;
    values.set("type", "object").set("additionalProperties", text().schema());
    Value properties;
    properties.set("header", values).set("query", values);
    Value schema;
    schema.set("type", "object").set("properties", std::move(properties)).set("additionalProperties", false);
    return schema;
  };
  return kind;
}

Kind<std::vector<TargetConfig>> targets() {
  Kind<std::vector<TargetConfig>> kind;
  kind.read = [](Reader& reader, const Value& value, std::vector<TargetConfig>& to) {
    std::vector<TargetConfig> read;
    if (is_text(value)) {
      if (!read_target_text(reader, value, read.emplace_back())) return false;
    } else if (!value.array()) {
      return reader.expected("\"UPSTREAM [PATH]\", or a list of { upstream, path, weight }", value);
    } else {
      return read_split(reader, value, to = {});  // kept even when something is wrong, so that the rest is checked too
    }
    to = std::move(read);
    return true;
  };
  kind.show = [](const std::vector<TargetConfig>& all) -> std::optional<Value> {
    if (all.empty()) return std::nullopt;
    if (all.size() == 1 && !all[0].text.empty()) return Value(all[0].text);
    Value::Array shown;
    for (const TargetConfig& target : all) shown.push_back(target_section().show(target));
    return Value(std::move(shown));
  };
  kind.schema = [] {
    Value either;
    either.set("anyOf", Value::Array{text().schema(), detail::list_schema(target_section().schema())});
    return either;
  };
  return kind;
}

Kind<KeyConfig> request_key(bool with_ip) {
  Kind<KeyConfig> kind;
  kind.read = [with_ip](Reader& reader, const Value& value, KeyConfig& to) {
    const std::string_view choices =
        with_ip ? R"("header:NAME", "cookie:NAME", "caller" or "ip")" : R"("header:NAME", "cookie:NAME" or "caller")";
    const auto text = reader.text(value, choices);
    if (!text) return false;
    const auto key = parse_key(*text, with_ip);
    if (!key) return reader.error(value.place, fmt::format("{} is no such key; write {}", quoted(*text), choices));
    to = *key;
    return true;
  };
  kind.show = [](const KeyConfig& key) {
    return key.kind == KeyConfig::Kind::none ? std::nullopt : std::optional<Value>(key.text());
  };
  kind.schema = text().schema;
  return kind;
}

Kind<std::optional<MirrorConfig>> mirror() {
  Kind<std::optional<MirrorConfig>> kind = maybe_table(mirror_section());
  kind.read = [](Reader& reader, const Value& value, std::optional<MirrorConfig>& to) {
    MirrorConfig read;
    const bool good =
        is_text(value) ? read_target_text(reader, value, read.target) : mirror_section().read(reader, value, read);
    if (good) to = std::move(read);
    return good;
  };
  kind.show = [](const std::optional<MirrorConfig>& mirror) -> std::optional<Value> {
    if (!mirror) return std::nullopt;
    return mirror_section().show(*mirror);
  };
  kind.schema = [] {
    Value either;
    either.set("anyOf", Value::Array{text().schema(), mirror_section().schema()});
    return either;
  };
  return kind;
}

}  // namespace tandem::gateway
