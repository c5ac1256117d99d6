#include <algorithm>

#include <fmt/format.h>

#include "common/config/shared_sections.h"
#include "common/http/byte_class.h"

namespace tandem::config {
namespace {

constexpr std::size_t kMostHeaders = 8;

Section<LogConfig> make_log_section(bool of_requests) {
  std::vector<std::pair<std::string, LogFormat>> formats = {
      {"json", LogFormat::json}, {"text", LogFormat::text}, {"ecs", LogFormat::ecs}};
  if (of_requests) formats.emplace_back("combined", LogFormat::combined);
  return Section<LogConfig>()
      .field("level", &LogConfig::level,
             words<LogLevel>({{"debug", LogLevel::debug},
                              {"info", LogLevel::info},
                              {"warn", LogLevel::warn},
                              {"error", LogLevel::error}}),
             "The least level of the program's own log, on stderr.")
      .field("access", &LogConfig::access, path({"stdout", "off"}), "The access log: \"stdout\", \"off\", or a file.")
      .field("format", &LogConfig::format, words<LogFormat>(std::move(formats)), "How lines of the access log look.")
      .field("sample", &LogConfig::sample, share(0),
             of_requests ? "The share of requests that get a line; those that fail or are refused always do."
                         : "The share of connections that get a line; those that do not end in order always do.");
}

Kind<std::string> header_name() {
  Kind<std::string> kind = text();
  kind.read = [](Reader& reader, const Value& value, std::string& to) {
    const auto name = reader.text(value, "the name of a field");
    if (!name) return false;
    if (!http::is_token(*name)) return reader.error(value.place, fmt::format("{} is not a field name", quoted(*name)));
    to = *name;
    std::ranges::transform(to, to.begin(), http::to_lower);
    return true;
  };
  return kind;
}

Kind<std::vector<std::string>> header_names() {
  Kind<std::vector<std::string>> kind = list(header_name(), "field names");
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::vector<std::string>& to) {
    if (!read(reader, value, to)) return false;
    if (to.size() <= kMostHeaders) return true;
    return reader.error(value.place, fmt::format("at most {} fields are logged", kMostHeaders));
  };
  return kind;
}

}  // namespace

const Section<LogConfig>& log_section() {
  static const Section<LogConfig> section = make_log_section(false);
  return section;
}

const Section<LogConfig>& http_log_section() {
  static const Section<LogConfig> section = [] {
    Section<LogConfig> made = make_log_section(true);
    made.field("query", &LogConfig::query, boolean(), "Whether queries are logged, with what is secret in them masked.")
        .field("headers", &LogConfig::headers, header_names(), "Fields of requests that are logged, at most 8.")
        .at(&LogConfig::headers_place)
        .field("redact", &LogConfig::redact, list(text(), "names"),
               "Fields and query parameters whose values are masked, beside Authorization, Cookie, and what tokens, "
               "keys, passwords and signatures are usually called.");
    return made;
  }();
  return section;
}

}  // namespace tandem::config
