#include "gateway/config_source.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/http/byte_class.h"
#include "common/http/field_id.h"

namespace tandem::gateway {
namespace {

using namespace config;
using Source = CredentialSource::Kind;

constexpr std::string_view kSources = R"("header:NAME", "query:NAME" or "cookie:NAME")";
constexpr std::string_view kParts =
    R"("header:NAME", "cookie:NAME", "query:NAME", "method", "host", "path", "uri" or "ip")";

constexpr std::array kWords = {
    std::pair(std::string_view("method"), VerdictKey::Kind::method),
    std::pair(std::string_view("host"), VerdictKey::Kind::host),
    std::pair(std::string_view("path"), VerdictKey::Kind::path),
    std::pair(std::string_view("uri"), VerdictKey::Kind::uri),
    std::pair(std::string_view("ip"), VerdictKey::Kind::ip),
};

std::optional<CredentialSource> parse_place(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !http::is_token(text.substr(colon + 1))) return std::nullopt;
  const std::string_view kind = text.substr(0, colon);
  const std::string name(text.substr(colon + 1));
  if (kind == "header") return CredentialSource{Source::header, name};
  if (kind == "query") return CredentialSource{Source::query, name};
  if (kind == "cookie") return CredentialSource{Source::cookie, name};
  return std::nullopt;
}

std::optional<CredentialSource> parse_source(std::string_view text) {
  auto place = parse_place(text);
  if (place && place->kind == Source::header && http::field_id(place->name) == http::FieldId::authorization) {
    return CredentialSource{};
  }
  return place;
}

std::optional<VerdictKey> parse_part(std::string_view text) {
  for (const auto& [word, kind] : kWords) {
    if (word == text) return VerdictKey{kind, {}};
  }
  auto place = parse_place(text);
  if (!place) return std::nullopt;
  return VerdictKey{VerdictKey::Kind::credential, *std::move(place)};
}

std::string text_of(const VerdictKey& part) {
  for (const auto& [word, kind] : kWords) {
    if (kind == part.kind) return std::string(word);
  }
  return part.source.text();
}

template <class T, class Parse, class Show>
Kind<T> spelled(std::string_view expected, Parse parse, Show show, std::string_view what) {
  Kind<T> kind;
  kind.read = [=](Reader& reader, const Value& value, T& to) {
    const auto text = reader.text(value, expected);
    if (!text) return false;
    auto read = parse(*text);
    if (!read) {
      return reader.error(value.place, fmt::format("{} is no {}; write {}", quoted(*text), what, expected));
    }
    to = *std::move(read);
    return true;
  };
  kind.show = [show](const T& shown) { return std::optional<Value>(show(shown)); };
  kind.schema = [] { return text().schema(); };
  return kind;
}

}  // namespace

Kind<CredentialSource> credential_source() {
  return spelled<CredentialSource>(
      kSources, parse_source, [](const CredentialSource& shown) { return shown.text(); }, "place for a credential");
}

Kind<VerdictKey> verdict_key() { return spelled<VerdictKey>(kParts, parse_part, text_of, "part of a request"); }

}  // namespace tandem::gateway
