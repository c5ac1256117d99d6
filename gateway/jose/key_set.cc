#include "gateway/jose/key_set.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/escape.h"
#include "common/json/parse.h"

namespace tandem::jose {
namespace {

std::string title(const json::Value& jwk, std::size_t index) {
  const std::string* id = jwk.string_at("kid");
  if (!id) return fmt::format("key {}", index + 1);
  std::string text = "key ";
  append_json_string(text, *id, 64);
  return text;
}

}  // namespace

std::expected<ParsedKeySet, std::string> parse_key_set(std::string_view text, bool secrets) {
  if (text.size() > kMaxKeySetBytes) return std::unexpected(fmt::format("it is over {} bytes", kMaxKeySetBytes));
  const auto parsed = json::parse(text);
  if (!parsed) return std::unexpected(std::string(parsed.error()));
  const json::Value* keys = parsed->find("keys");
  if (!keys || !keys->array()) return std::unexpected("it is no JWK set: it has no array \"keys\"");
  if (keys->array()->size() > kMaxKeys) return std::unexpected(fmt::format("it holds over {} keys", kMaxKeys));
  ParsedKeySet made;
  for (const json::Value& jwk : *keys->array()) {
    auto key = Key::from_jwk(jwk, secrets);
    if (!key) {
      made.left_out.push_back(
          fmt::format("{}: {}", title(jwk, made.set.keys.size() + made.left_out.size()), key.error()));
      continue;
    }
    made.set.has_ids |= key->id().has_value();
    made.set.keys.push_back(*std::move(key));
  }
  if (!made.set.keys.empty()) return made;
  std::string why = "no key in it can check a signature";
  for (const std::string& reason : made.left_out) why += "; " + reason;
  return std::unexpected(why);
}

}  // namespace tandem::jose
