// How a password is kept: the text of a slow, salted hash, as `htpasswd -B`, `mkpasswd` and `argon2` write it. Bcrypt
// ($2a$ $2b$ $2y$), SHA-crypt ($5$ $6$), yescrypt ($y$), Argon2 ($argon2id$ $argon2i$). Immutable; any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tandem::passwords {

inline constexpr std::size_t kMaxPasswordBytes = 512;  // as crypt(3) has it; a longer one is nobody's

class PasswordHash {
 public:
  // Refuses what is too weak to keep passwords by, what is no hash, and what would take seconds or more than 256 MiB to
  // check. The reason never holds the text.
  static std::expected<PasswordHash, std::string> parse(std::string_view text);

  enum class Answer : std::uint8_t { right, wrong, failed };  // failed: the system has no memory for it
  // Takes milliseconds to a second of one processor, by design. Without NULs, and at most kMaxPasswordBytes.
  Answer check(const std::string& password) const;

 private:
  explicit PasswordHash(std::string_view text) : text_(text) {}
  std::string text_;
};

}  // namespace tandem::passwords
