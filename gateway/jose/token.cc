#include "gateway/jose/token.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/base64.h"
#include "common/json/parse.h"

namespace tandem::jose {
namespace {

using Failure = std::unexpected<std::string_view>;

// Headers that name keys of the sender's, wrap another format, or ask for what is not understood here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kForbidden = {
    {{"jwk", "its header brings a key (jwk)"},
     {"jku", "its header brings the address of keys (jku)"},
     {"x5c", "its header brings a certificate (x5c)"},
     {"x5u", "its header brings the address of a certificate (x5u)"},
     {"crit", "its header has critical extensions (crit)"},
     {"b64", "its header changes how the payload is read (b64)"},
     {"zip", "its header asks for decompression (zip)"},
     {"enc", "it is encrypted (enc)"},
     {"cty", "it holds another token (cty)"}}};

std::expected<json::Value, std::string_view> object_of(std::string_view part) {
  const auto text = from_base64url(part);
  if (!text) return Failure("it is not base64url as it must be");
  auto value = json::parse(*text);
  if (value && !value->is(json::Value::Kind::object)) return Failure("a part of it is no JSON object");
  return value;
}

std::optional<std::string_view> read_header(const json::Value& header, Token& token) {
  for (const auto& [name, why] : kForbidden) {
    if (header.find(name)) return why;
  }
  const std::string* algorithm = header.string_at("alg");
  if (!algorithm) return "its header names no algorithm";
  token.algorithm = *algorithm;
  if (const json::Value* id = header.find("kid")) {
    if (!id->string() || id->string()->size() > kMaxKeyId) return "its kid is no string, or too long";
    token.key_id = *id->string();
  }
  if (const json::Value* type = header.find("typ")) {
    if (!type->string()) return "its typ is no string";
    token.type = media_type(*type->string());
  }
  return std::nullopt;
}

}  // namespace

std::string media_type(std::string_view typ) {
  std::string lower(typ);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  constexpr std::string_view kPrefix = "application/";
  if (lower.starts_with(kPrefix)) lower.erase(0, kPrefix.size());
  return lower;
}

std::expected<Token, std::string_view> parse_token(std::string_view text) {
  if (text.size() > kMaxTokenBytes) return Failure("it is too long");
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
    return Failure("it has not three parts");
  }
  Token token;
  token.signed_bytes = text.substr(0, second);
  const auto header = object_of(text.substr(0, first));
  if (!header) return Failure(header.error());
  if (const auto why = read_header(*header, token)) return Failure(*why);
  auto claims = object_of(text.substr(first + 1, second - first - 1));
  if (!claims) return Failure(claims.error());
  token.claims = *std::move(claims);
  if (second + 1 == text.size()) return Failure("its signature is missing");
  auto signature = from_base64url(text.substr(second + 1));
  if (!signature) return Failure("its signature is not base64url as it must be");
  token.signature = *std::move(signature);
  return token;
}

}  // namespace tandem::jose
