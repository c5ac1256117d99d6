#include "gateway/jose/verify.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "common/base/escape.h"

namespace tandem::jose {
namespace {

constexpr double kLastSecond = 253'402'300'799.0;  // the end of the year 9999
constexpr double kFarSecond = 9'000'000'000.0;     // WallTime, in nanoseconds, does not reach much farther

std::unexpected<Refusal> no(std::string why) { return std::unexpected(Refusal{std::move(why)}); }

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text, 64);
  return out;
}

std::string any_of(const std::vector<std::string>& wanted) {
  std::string out;
  for (const std::string& one : wanted) out.append(out.empty() ? "" : " or ").append(quoted(one));
  return out;
}

struct Time {
  std::optional<WallTime> at;  // nothing: the claim is not there; max(): later than can be told
};

std::expected<Time, Refusal> time_of(const json::Value& claims, std::string_view name) {
  const json::Value* claim = claims.find(name);
  if (!claim) return Time{};
  const auto seconds = claim->number();
  if (!seconds || !(*seconds >= 0) || *seconds > kLastSecond) return no(fmt::format("{} is no time", name));
  if (*seconds >= kFarSecond) return Time{WallTime::max()};
  const auto micros = std::chrono::microseconds(static_cast<std::int64_t>(*seconds * 1e6));
  return Time{WallTime(micros)};
}

WallTime later(WallTime at, Duration leeway) {
  const auto more = std::chrono::duration_cast<WallTime::duration>(leeway);
  return at > WallTime::max() - more ? WallTime::max() : at + more;
}

bool is_for(const json::Value& audience, const std::vector<std::string>& wanted) {
  const auto is_wanted = [&](const json::Value& one) {
    return one.string() && std::ranges::find(wanted, *one.string()) != wanted.end();
  };
  return audience.array() ? std::ranges::any_of(*audience.array(), is_wanted) : is_wanted(audience);
}

bool is_audience(const json::Value& audience) {
  const auto is_text = [](const json::Value& one) { return one.string() != nullptr; };
  return audience.array() ? std::ranges::all_of(*audience.array(), is_text) : is_text(audience);
}

std::optional<std::string> wrong_party(const json::Value& claims, const Rules& rules) {
  const json::Value* issuer = claims.find("iss");
  if (issuer && !issuer->string()) return "iss is no string";
  if (!rules.issuer.empty()) {
    if (!issuer) return "iss is missing";
    if (*issuer->string() != rules.issuer) {
      return fmt::format("iss is {}, not {}", quoted(*issuer->string()), quoted(rules.issuer));
    }
  }
  const json::Value* audience = claims.find("aud");
  if (audience && !is_audience(*audience)) return "aud is neither a string nor an array of them";
  if (!rules.audience.empty()) {
    if (!audience) return "aud is missing";
    if (!is_for(*audience, rules.audience)) {
      std::string found = "aud is ";
      if (audience->string()) {
        append_json_string(found, *audience->string(), 64);
      } else {
        append_printable(found, audience->to_text(), 64);
      }
      return found.append(", not ").append(any_of(rules.audience));
    }
  }
  const json::Value* subject = claims.find("sub");
  if (subject && !subject->string()) return "sub is no string";
  return std::nullopt;
}

// Keys that may have made the signature: the one that is named, or all where the token or the set names none.
bool is_candidate(const Key& key, const Token& token, const KeySet& keys) {
  if (!token.key_id || !keys.has_ids) return true;
  return key.id() == token.key_id;
}

}  // namespace

std::expected<const Key*, Refusal> check_signature(const Token& token, const KeySet& keys, const Rules& rules) {
  const auto algorithm = algorithm_named(token.algorithm);
  if (!algorithm || std::ranges::find(rules.algorithms, *algorithm) == rules.algorithms.end()) {
    return no(fmt::format("the algorithm {} is not accepted", quoted(token.algorithm)));
  }
  if (!rules.type.empty() && token.type != rules.type) {
    return no(fmt::format("typ is {}, not {}", token.type ? quoted(*token.type) : "missing", quoted(rules.type)));
  }
  bool known = false, fitting = false;
  for (const Key& key : keys.keys) {
    if (!is_candidate(key, token, keys)) continue;
    known = true;
    if (!key.fits(*algorithm)) continue;
    fitting = true;
    if (key.verify(*algorithm, token.signed_bytes, token.signature)) return &key;
  }
  if (!known) return std::unexpected(Refusal{fmt::format("no key has the kid {}", quoted(*token.key_id)), true});
  const bool any = !token.key_id || !keys.has_ids;
  if (!fitting && any) return std::unexpected(Refusal{fmt::format("no key is one for {}", token.algorithm), true});
  if (!fitting) {
    return no(fmt::format("the key with the kid {} is not one for {}", quoted(*token.key_id), token.algorithm));
  }
  return std::unexpected(Refusal{"the signature is wrong", any});
}

std::expected<Validity, Refusal> check_claims(const json::Value& claims, const Rules& rules, WallTime now) {
  if (auto why = wrong_party(claims, rules)) return no(*std::move(why));
  const auto expires = time_of(claims, "exp"), begins = time_of(claims, "nbf"), issued = time_of(claims, "iat");
  for (const auto* time : {&expires, &begins, &issued}) {
    if (!*time) return std::unexpected(time->error());
  }
  if (!expires->at && rules.must_expire) return no("exp is missing");
  const WallTime until = expires->at ? later(*expires->at, rules.leeway) : WallTime::max();
  if (now >= until) return no(fmt::format("it has expired (exp {})", to_rfc3339(*expires->at)));
  if (begins->at && now + rules.leeway < *begins->at) {
    return no(fmt::format("it is not valid yet (nbf {})", to_rfc3339(*begins->at)));
  }
  if (issued->at && now + rules.leeway < *issued->at) {
    return no(fmt::format("it was issued in the future (iat {})", to_rfc3339(*issued->at)));
  }
  return Validity{until};
}

}  // namespace tandem::jose
