#include "gateway/passwords/basic_credential.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "gateway/passwords/htpasswd.h"

namespace tandem::passwords {
namespace {

constexpr std::size_t kMaxBytes = 1100;  // of base64: more than the longest name and password

std::optional<std::uint32_t> value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string bytes;
  std::uint32_t bits = 0, count = 0;
  for (const char c : text) {
    const auto value = value_of(c);
    if (!value) return std::nullopt;
    bits = bits << 6 | *value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  if ((bits & ((1u << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::expected<NameAndPassword, std::string_view> parse_basic(std::string_view credential) {
  if (credential.empty()) return std::unexpected("the credential is empty");
  if (credential.size() > kMaxBytes) return std::unexpected("the credential is too long");
  const auto bytes = from_base64(credential);
  if (!bytes) return std::unexpected("the credential is no base64");
  const std::size_t colon = bytes->find(':');
  if (colon == std::string::npos) return std::unexpected("the credential has no colon");
  NameAndPassword read = {bytes->substr(0, colon), bytes->substr(colon + 1)};
  if (!is_user_name(read.name)) return std::unexpected("its name cannot be anybody's");
  if (read.password.empty()) return std::unexpected("its password is empty");
  if (read.password.size() > kMaxPasswordBytes) return std::unexpected("its password is too long");
  if (std::ranges::any_of(read.password, is_control)) return std::unexpected("its password holds a control character");
  return read;
}

}  // namespace tandem::passwords
