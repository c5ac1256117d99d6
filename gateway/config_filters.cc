#include "gateway/config_filters.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/http/byte_class.h"
#include "common/http/message.h"
#include "gateway/filters/field_value.h"

namespace tandem::gateway {
namespace {

using namespace config;
using http::FieldId;

constexpr http::FieldSet kOurs(FieldId::connection, FieldId::content_length, FieldId::keep_alive,
                               FieldId::proxy_authenticate, FieldId::proxy_authorization, FieldId::proxy_connection,
                               FieldId::te, FieldId::trailer, FieldId::transfer_encoding, FieldId::upgrade,
                               FieldId::via);
constexpr http::FieldSet kOursInRequests =
    kOurs | http::FieldSet(FieldId::expect, FieldId::traceparent, FieldId::tracestate, FieldId::x_forwarded_for,
                           FieldId::x_forwarded_host, FieldId::x_forwarded_proto, FieldId::x_request_id);

// Says why a field of this name cannot be written.
bool check_name(Reader& reader, Message message, std::string_view name, Place place) {
  if (!http::is_token(name)) return reader.error(place, "not a field name");
  const FieldId id = http::field_id(name);
  if (message == Message::request && id == FieldId::host) {
    return reader.error(place, "the Host that a service sees is set by the upstream's `host`");
  }
  if (id == FieldId::other || !(message == Message::request ? kOursInRequests : kOurs).has(id)) return true;
  return reader.error(place, "this field is set by the gateway itself");
}

const Section<FieldChanges>& changes_section(Message message) {
  const auto made = [](Message of) {
    return Section<FieldChanges>()
        .field(
            "set", &FieldChanges::set, fields_of(of),
            "Fields that replace those of their name: a text, \"claim:NAME\", \"header:NAME\", \"param:NAME\", "
            "\"client_ip\", \"consumer:name\", \"consumer:groups\", \"consumer:plan\", \"request_id\", \"trace_id\", "
            "\"scheme\", or \"text:\" and a text. What "
            "the request does not have leaves no field of that name.")
        .field("add", &FieldChanges::add, fields_of(of), "Fields that stand beside those of their name.")
        .field("remove", &FieldChanges::remove, field_names(of), "Names of fields that go.");
  };
  static const Section<FieldChanges> of_request = made(Message::request);
  static const Section<FieldChanges> of_response = made(Message::response);
  return message == Message::request ? of_request : of_response;
}

// A table that replaces an inherited one as a whole: [defaults] merge one level deep.
template <class S>
Kind<S> whole_table(const Section<S>& section) {
  Kind<S> kind = table(section);
  kind.read = [&section](Reader& reader, const Value& value, S& to) {
    to = S{};
    return section.read(reader, value, to);
  };
  return kind;
}

// A text that must satisfy `good`, else `complaint` follows it in the message.
Kind<std::string> checked_text(std::string what, bool (*good)(std::string_view), std::string complaint) {
  Kind<std::string> kind = text();
  kind.read = [=](Reader& reader, const Value& value, std::string& to) {
    auto read = reader.text(value, what);
    if (!read) return false;
    if (!good(*read)) return reader.error(value.place, quoted(*read) + " " + complaint);
    to = *std::move(read);
    return true;
  };
  return kind;
}

bool is_lower_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || http::is_digit(static_cast<unsigned char>(c)) ||
           std::string_view(".-_:[]").contains(c);
  });
}

// "*", "https://shop.example.com", "https://*.example.com:8443": as a browser writes an origin (RFC 6454 §6.2).
bool is_origin_pattern(std::string_view text) {
  if (text == "*") return true;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view scheme = text.substr(0, colon);
  std::string_view host = text.substr(colon + 3);
  if ((scheme == "https" && host.ends_with(":443")) || (scheme == "http" && host.ends_with(":80"))) return false;
  if (host.starts_with("*.")) host.remove_prefix(2);
  return is_lower_host(host) && is_lower_host(scheme);
}

Kind<std::string> origin() {
  return checked_text("an origin", is_origin_pattern,
                      "is not an origin as browsers send it; write \"https://shop.example.com\", "
                      "\"https://*.example.com\" or \"*\", in lower case, without a default port and a path");
}

Kind<std::string> method() {
  return checked_text(
      "a method",
      [](std::string_view text) {
        return http::is_token(text) && std::ranges::none_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
      },
      "is not a method; write it in capitals, such as \"GET\"");
}

Kind<std::string> field_name() { return checked_text("the name of a field", http::is_token, "is not a field name"); }

Kind<std::string> media_range() {
  return checked_text(
      "a media type",
      [](std::string_view text) {
        if (text.starts_with("*+")) return http::is_token(text.substr(2));
        const std::size_t slash = text.find('/');
        return slash != std::string_view::npos && http::is_token(text.substr(0, slash)) &&
               http::is_token(text.substr(slash + 1));
      },
      "is not a media type; write \"text/html\", \"text/*\" or \"*+json\"");
}

Kind<Encoding> coding() {
  return words<Encoding>({{"gzip", Encoding::gzip}, {"br", Encoding::br}, {"zstd", Encoding::zstd}});
}

const Section<CorsConfig>& cors_section() {
  static const Section<CorsConfig> section =
      Section<CorsConfig>()
          .field("origins", &CorsConfig::origins, list(origin(), "origins"),
                 "Whose pages: \"https://shop.example.com\", \"https://*.example.com\" (one label), or \"*\".")
          .at(&CorsConfig::origins_place)
          .field("methods", &CorsConfig::methods, list(method(), "methods"),
                 "The methods they may use; by default those of the routes.")
          .field("headers", &CorsConfig::headers, list(field_name(), "field names"),
                 "The request fields they may set; \"*\": whichever they ask for.")
          .field("expose", &CorsConfig::expose, list(field_name(), "field names"),
                 "The fields of answers that they may read beside the simple ones.")
          .field("credentials", &CorsConfig::credentials, boolean(),
                 "Whether cookies and credentials go along; not with the origin \"*\".")
          .field("max_age", &CorsConfig::max_age, maybe(duration(std::chrono::seconds(0))),
                 "How long a browser may remember what it was told.");
  return section;
}

const Section<CompressConfig>& compress_section() {
  static const Section<CompressConfig> section =
      Section<CompressConfig>()
          .field("encodings", &CompressConfig::encodings, list(coding(), "codings"),
                 "\"gzip\", \"br\", \"zstd\"; the first is taken where a client likes several alike.")
          .field("types", &CompressConfig::types, list(media_range(), "media types"),
                 "Which content: \"text/html\", \"text/*\", \"*+json\".")
          .field("min_size", &CompressConfig::min_size, size(1, 1024 * 1024 * 1024),
                 "Bodies that are known to be smaller stay as they are.");
  return section;
}

void check_values(Reader& reader, const std::vector<FieldSetting>& settings, const routing::MatchPattern& pattern) {
  for (const FieldSetting& setting : settings) {
    const auto value = FieldValue::parse(setting.value, pattern);
    if (value) continue;
    const auto scope = reader.inside("headers: " + quoted(setting.name));
    reader.error(reader.diagnostics().within(setting.place, setting.value, value.error().offset), value.error().text);
  }
}

}  // namespace

Kind<std::vector<std::string>> field_names(Message message) {
  Kind<std::string> name = text();
  name.read = [message](Reader& reader, const Value& value, std::string& to) {
    auto read = reader.text(value, "the name of a field");
    if (!read || !check_name(reader, message, *read, value.place)) return false;
    to = *std::move(read);
    return true;
  };
  Kind<std::vector<std::string>> names = list(std::move(name), "field names");
  names.show = [show = names.show](const std::vector<std::string>& shown) {
    return shown.empty() ? std::nullopt : show(shown);
  };
  return names;
}

Value texts_by_name_schema() {
  Value schema;
  schema.set("type", "object").set("additionalProperties", text().schema());
  return schema;
}

Kind<std::vector<FieldSetting>> fields_of(Message message) {
  Kind<std::vector<FieldSetting>> kind;
  kind.read = [message](Reader& reader, const Value& value, std::vector<FieldSetting>& to) {
    if (!value.table()) return reader.expected("a table of fields", value);
    bool good = true;
    std::vector<FieldSetting> read;
    for (const Member& member : *value.table()) {
      const auto scope = reader.inside(quoted(member.key));
      if (!check_name(reader, message, member.key, member.place)) {
        good = false;
        continue;
      }
      const auto text = reader.text(member.value, "a string");
      if (text && std::ranges::any_of(*text, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; })) {
        good = reader.error(member.value.place, "a field's value is one line without control characters");
      } else if (text) {
        read.push_back({member.key, *text, member.value.place});
      }
      good = good && text.has_value();
    }
    if (good) to = std::move(read);
    return good;
  };
  kind.show = [](const std::vector<FieldSetting>& fields) -> std::optional<Value> {
    if (fields.empty()) return std::nullopt;
    Value shown;
    for (const FieldSetting& field : fields) shown.set(field.name, field.value);
    return shown;
  };
  kind.schema = texts_by_name_schema;
  return kind;
}

const Section<HeadersConfig>& headers_section() {
  static const Section<HeadersConfig> section =
      Section<HeadersConfig>()
          .field("request", &HeadersConfig::request, whole_table(changes_section(Message::request)),
                 "What the service gets.")
          .field("response", &HeadersConfig::response, whole_table(changes_section(Message::response)),
                 "What the client gets, from a service or from the gateway itself.");
  return section;
}

Kind<CorsConfig> cors() {
  Kind<CorsConfig> kind =
      table_or<CorsConfig>("off", CorsConfig{}, [](const CorsConfig& c) { return !c.on; }, cors_section());
  kind.read = [read = kind.read](Reader& reader, const Value& value, CorsConfig& to) {
    if (value.table()) to.on = true;
    return read(reader, value, to);
  };
  return kind;
}

Kind<CompressConfig> compress() {
  const auto codings = list(coding(), "codings");
  Kind<CompressConfig> kind = table(compress_section());
  kind.read = [codings](Reader& reader, const Value& value, CompressConfig& to) {
    if (value.array()) return codings.read(reader, value, to.encodings);
    if (value.table()) return compress_section().read(reader, value, to);
    return reader.expected("a list of codings or a table", value);
  };
  kind.show = [codings](const CompressConfig& from) -> std::optional<Value> {
    const CompressConfig defaults;
    if (from.types == defaults.types && from.min_size == defaults.min_size) return codings.show(from.encodings);
    return compress_section().show(from);
  };
  kind.schema = [codings, table = kind.schema] {
    Value schema;
    schema.set("anyOf", Value::Array{codings.schema(), table()});
    return schema;
  };
  return kind;
}

void check_filters(Reader& reader, const RouteConfig& route, const routing::MatchPattern& pattern) {
  for (const FieldChanges* changes : {&route.headers.request, &route.headers.response}) {
    check_values(reader, changes->set, pattern);
    check_values(reader, changes->add, pattern);
  }
  if (!route.cors.on) return;
  const auto scope = reader.inside("cors");
  if (!route.cors.origins_place.known()) reader.error(route.cors_place, "which origins is not said; write `origins`");
  if (route.cors.credentials && std::ranges::find(route.cors.origins, "*") != route.cors.origins.end()) {
    reader.error(route.cors_place, "credentials cannot go with the origin \"*\": any page could act for its visitors");
  }
}

}  // namespace tandem::gateway
