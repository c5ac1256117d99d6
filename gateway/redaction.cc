#include "gateway/redaction.h"

#include <algorithm>

#include "common/http/byte_class.h"

namespace tandem::gateway {
namespace {

constexpr std::string_view kAlways[] = {
    // fields
    "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-csrf-token",
    "x-client-cert", "x-amz-security-token",
    // parameters, many of which are fields, too
    "access_token", "id_token", "refresh_token", "token", "auth", "jwt", "session", "sessionid", "sid", "api_key",
    "apikey", "api-key", "key", "password", "passwd", "pwd", "secret", "client_secret", "client_assertion", "code",
    "signature", "sig", "x-amz-signature", "x-amz-credential", "x-goog-signature", "x-goog-credential", "otp", "pin"};

constexpr std::size_t kLongestName = 256;  // nothing longer is on the list

std::string lower(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), http::to_lower);
  return made;
}

// A name as a service would read it, percent-decoded as often as it changes: some decode twice.
std::string decoded(std::string_view text) {
  std::string made(text.substr(0, kLongestName + 1));
  for (int round = 0; round < 3; ++round) {
    std::string next;
    for (std::size_t i = 0; i < made.size(); ++i) {
      const bool escape = made[i] == '%' && i + 2 < made.size() && http::hex_value(made[i + 1]) >= 0 &&
                          http::hex_value(made[i + 2]) >= 0;
      next += escape ? static_cast<char>(http::hex_value(made[i + 1]) << 4 | http::hex_value(made[i + 2])) : made[i];
      if (escape) i += 2;
    }
    if (next == made) break;
    made = std::move(next);
  }
  return made;
}

}  // namespace

Redaction::Redaction(std::span<const std::string> more) {
  for (const std::string_view name : kAlways) names_.emplace(name);
  for (const std::string& name : more) names_.insert(lower(name));
}

// `filter[token]` and `user.password` name what their last word does.
bool Redaction::hides(std::string_view name) const {
  const std::string plain = lower(name);
  if (names_.contains(plain)) return true;
  std::string_view last = plain;
  while (last.ends_with(']')) last.remove_suffix(1);
  const std::size_t before = last.find_last_of("[.");
  return before != std::string_view::npos && names_.contains(last.substr(before + 1));
}

void Redaction::append_query(std::string& out, std::string_view query) const {
  while (true) {
    const std::size_t end = std::min(query.find_first_of("&;"), query.size());
    const std::string_view parameter = query.substr(0, end);
    const std::size_t equals = parameter.find('=');
    if (equals != std::string_view::npos && hides(decoded(parameter.substr(0, equals)))) {
      out.append(parameter.substr(0, equals + 1)).append(kMask);
    } else {
      out.append(parameter);
    }
    if (end == query.size()) return;
    out += query[end];
    query.remove_prefix(end + 1);
  }
}

}  // namespace tandem::gateway
