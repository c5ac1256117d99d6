#include "gateway/passwords/basic_credential.h"

#include <algorithm>

#include "common/base/base64.h"
#include "gateway/passwords/htpasswd.h"

namespace tandem::passwords {
namespace {

constexpr std::size_t kMaxBytes = 1100;  // of base64: more than the longest name and password

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
