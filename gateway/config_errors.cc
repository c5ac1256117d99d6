#include "gateway/config_errors.h"

#include <algorithm>

#include "common/config/files.h"
#include "gateway/error_page.h"

namespace tandem::gateway {
namespace {

using namespace config;

constexpr std::size_t kMostBytes = 256 * 1024;  // of a file: it is held in memory and sent with every such error

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_error_status(std::string_view text) {
  if (text.size() != 3 || (text[0] != '4' && text[0] != '5')) return false;
  return text.substr(1) == "xx" || (is_digit(text[1]) && is_digit(text[2]));
}

bool read_page(Reader& reader, const Value& value, ErrorPage& page) {
  std::string path;
  if (!config::path().read(reader, value, path)) return false;
  if (page_type(path).empty()) {
    return reader.error(value.place, quoted(path) + " does not tell its kind; end it with .html, .json, .xml or .txt");
  }
  auto content = read_file(path, kMostBytes);
  if (!content) return reader.error(value.place, content.error().detail);
  page.paths.push_back(std::move(path));
  page.contents.push_back(*std::move(content));
  return true;
}

bool read_pages(Reader& reader, const Value& value, ErrorPage& page) {
  if (!value.array()) return read_page(reader, value, page);
  bool good = true;
  for (const Value& item : *value.array()) good = read_page(reader, item, page) && good;
  if (value.array()->empty()) return reader.error(value.place, "no file is named");
  return good;
}

std::optional<Value> show_pages(const std::vector<ErrorPage>& pages) {
  if (pages.empty()) return std::nullopt;
  Value shown;
  for (const ErrorPage& page : pages) {
    Value::Array paths;
    for (const std::string& path : page.paths) paths.emplace_back(path);
    shown.set(page.status, paths.size() == 1 ? paths.front() : Value(std::move(paths)));
  }
  return shown;
}

Value pages_schema() {
  Value statuses, file, files, schema;
  statuses.set("pattern", "^[45]([0-9][0-9]|xx)$");
  file.set("type", "string");
  files.set("anyOf", Value::Array{file, detail::list_schema(file)});
  schema.set("type", "object").set("propertyNames", std::move(statuses)).set("additionalProperties", std::move(files));
  return schema;
}

}  // namespace

Kind<std::vector<ErrorPage>> error_pages() {
  Kind<std::vector<ErrorPage>> kind;
  kind.read = [](Reader& reader, const Value& value, std::vector<ErrorPage>& to) {
    if (!value.table()) return reader.expected("a table of statuses and files", value);
    bool good = true;
    for (const Member& member : *value.table()) {
      const auto scope = reader.inside(quoted(member.key));
      if (!is_error_status(member.key)) {
        good = reader.error(member.place, "not the status of an error; write one such as 404, or \"4xx\", \"5xx\"");
        continue;
      }
      ErrorPage page = {.status = member.key, .paths = {}, .contents = {}, .place = member.place};
      if (read_pages(reader, member.value, page)) {
        to.push_back(std::move(page));
      } else {
        good = false;
      }
    }
    return good;
  };
  kind.show = show_pages;
  kind.schema = pages_schema;
  return kind;
}

}  // namespace tandem::gateway
