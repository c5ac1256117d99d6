#include "common/config/section.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/suggest.h"

namespace tandem::config {

std::vector<std::string> SectionBase::keys() const {
  std::vector<std::string> keys;
  for (const Field& field : fields_) keys.push_back(field.key);
  return keys;
}

bool SectionBase::refuse_unknown(Reader& reader, const Value& table) const {
  bool good = true;
  const std::vector<std::string> known = keys();
  const bool holds_secrets = std::ranges::any_of(fields_, &Field::secret);
  for (const Member& member : *table.table()) {
    if (std::ranges::find(known, member.key) != known.end()) continue;
    if (holds_secrets) reader.diagnostics().hide_line(member.place);  // it may be a secret's key, mistyped
    reader.error(member.place, fmt::format("unknown key {}{}", quoted(member.key), did_you_mean(member.key, known)));
    good = false;
  }
  return good;
}

bool SectionBase::read_table(Reader& reader, const Value& value, void* into) const {
  if (!value.table()) return reader.expected("a table", value);
  bool good = refuse_unknown(reader, value);
  for (const Field& field : fields_) {
    const Value* found = value.find(field.key);
    if (!found) {
      if (field.required) good = reader.error(value.place, fmt::format("\"{}\" is missing", field.key));
      continue;
    }
    if (field.names_itself) {
      good = field.read(reader, *found, into) && good;
    } else {
      const auto scope = reader.inside(field.key);
      good = field.read(reader, *found, into) && good;
    }
  }
  return good;
}

Value SectionBase::show_table(const void* from) const {
  Value shown;
  for (const Field& field : fields_) {
    if (auto value = field.show(from)) shown.set(field.key, *std::move(value));
  }
  return shown;
}

Value SectionBase::schema_table(const void* defaults) const {
  Value properties;
  Value::Array required;
  for (const Field& field : fields_) {
    Value schema = field.schema();
    schema.set("description", field.doc);
    if (field.required) required.emplace_back(field.key);
    if (field.show_default && !field.required && !field.secret && !field.names_itself) {
      if (auto value = field.show(defaults)) schema.set("default", *std::move(value));
    }
    properties.set(field.key, std::move(schema));
  }
  Value schema;
  schema.set("type", "object").set("additionalProperties", false).set("properties", std::move(properties));
  if (!required.empty()) schema.set("required", std::move(required));
  return schema;
}

std::string label(std::string_view what, const Value& table, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const Value* value = table.find(key);
    if (value && value->text()) return fmt::format("{} {}", what, quoted(*value->text()));
  }
  return std::string(what);
}

Value word_or_schema(std::string_view word, Value table) {
  Value constant, schema;
  constant.set("const", word);
  schema.set("anyOf", Value::Array{std::move(constant), std::move(table)});
  return schema;
}

Value named_tables_schema(Value item) {
  Value names, schema;
  names.set("pattern", "^[A-Za-z_][A-Za-z0-9_-]*$");
  schema.set("type", "object").set("propertyNames", std::move(names)).set("additionalProperties", std::move(item));
  return schema;
}

bool check_name(Reader& reader, std::string_view what, const Member& member) {
  if (is_name(member.key)) return true;
  return reader.error(member.place, fmt::format("{} {}: not a name; write letters, digits, _ and -, and a letter first",
                                                what, quoted(member.key)));
}

std::string file_schema(std::string_view title, Value root) {
  Value text, includes;
  text.set("type", "string");
  includes.set("type", "array").set("items", text);
  includes.set("description", "Further files, by globs relative to this one.");
  std::ranges::find(*root.table(), "properties", &Member::key)->value.set("include", std::move(includes));

  Value sources;
  sources.set("env", text).set("file", text);
  Value outside;
  outside.set("description", "The value of an environment variable, or a file's content.");
  outside.set("type", "object").set("properties", std::move(sources)).set("additionalProperties", false);
  outside.set("minProperties", 1).set("maxProperties", 1);
  Value definitions;
  definitions.set("outside", std::move(outside));

  Value schema;
  schema.set("$schema", "https://json-schema.org/draft/2020-12/schema").set("title", title);
  for (Member& member : *root.table()) schema.set(member.key, std::move(member.value));
  schema.set("$defs", std::move(definitions));
  return to_json(schema);
}

}  // namespace tandem::config
