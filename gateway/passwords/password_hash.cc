#include "gateway/passwords/password_hash.h"

#include <argon2.h>
#include <crypt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tandem::passwords {
namespace {

constexpr std::string_view kCryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kBase64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kTooDear = "it would take too long to check, or too much memory";
constexpr std::string_view kMalformed = "it is malformed, perhaps cut off";

using Fault = std::string_view;  // empty: none

bool all_of(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

// What stands between '$'s, without the empty part in front of the first.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  for (text.remove_prefix(1);;) {
    const std::size_t end = text.find('$');
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint32_t> number_of(std::string_view digits) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// $2y$10$<22 of the salt><31 of the hash>
Fault check_bcrypt(std::span<const std::string_view> parts) {
  if (parts.size() != 3 || parts[1].size() != 2 || parts[2].size() != 53) return kMalformed;
  const auto cost = number_of(parts[1]);
  if (!cost || *cost < 4 || !all_of(parts[2], kCryptAlphabet)) return kMalformed;
  return *cost > 15 ? kTooDear : Fault();
}

// $6$[rounds=N$]salt$hash
Fault check_sha(std::span<const std::string_view> parts, std::size_t hash_size) {
  constexpr std::string_view kRounds = "rounds=";
  if (parts.size() == 4 && parts[1].starts_with(kRounds)) {
    const auto rounds = number_of(parts[1].substr(kRounds.size()));
    if (!rounds || *rounds < 1000) return kMalformed;
    if (*rounds > 2'000'000) return kTooDear;
    parts = parts.subspan(1);
  }
  const bool sound = parts.size() == 3 && parts[1].size() <= 16 && all_of(parts[1], kCryptAlphabet) &&
                     parts[2].size() == hash_size && all_of(parts[2], kCryptAlphabet);
  return sound ? Fault() : kMalformed;
}

// $y$j9T$salt$hash: the flavour, the memory as a power of two, the size of a block (8 or 32).
Fault check_yescrypt(std::span<const std::string_view> parts) {
  if (parts.size() != 4 || parts[2].empty() || parts[2].size() > 86 || parts[3].size() != 43) return kMalformed;
  if (!all_of(parts[2], kCryptAlphabet) || !all_of(parts[3], kCryptAlphabet)) return kMalformed;
  const std::string_view cost = parts[1];
  if (cost.size() != 3 || cost[0] != 'j' || (cost[2] != '5' && cost[2] != 'T')) {
    return "it has parameters that nobody uses; make another with `mkpasswd`";
  }
  const std::size_t memory = kCryptAlphabet.find(cost[1]);
  if (memory == std::string_view::npos || memory < 7) return kMalformed;
  return memory > 14 ? kTooDear : Fault();
}

// m=65536,t=3,p=4
std::optional<std::array<std::uint32_t, 3>> argon2_cost(std::string_view text) {
  std::array<std::uint32_t, 3> cost{};
  constexpr std::array<std::string_view, 3> kNames = {"m=", "t=", "p="};
  for (std::size_t i = 0; i < cost.size(); ++i) {
    const std::size_t end = i + 1 < cost.size() ? text.find(',') : text.size();
    if (end == std::string_view::npos || !text.starts_with(kNames[i])) return std::nullopt;
    const auto number = number_of(text.substr(2, end - 2));
    if (!number || *number == 0) return std::nullopt;
    cost[i] = *number;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return cost;
}

// $argon2id$v=19$m=65536,t=3,p=4$salt$hash
Fault check_argon2(std::span<const std::string_view> parts) {
  if (parts.size() != 5 || parts[1] != "v=19") return kMalformed;
  const auto cost = argon2_cost(parts[2]);
  const bool sound = cost && parts[3].size() >= 11 && parts[3].size() <= 86 && parts[4].size() >= 22 &&
                     parts[4].size() <= 172 && all_of(parts[3], kBase64Alphabet) && all_of(parts[4], kBase64Alphabet);
  if (!sound || cost->at(0) < 8 * cost->at(2)) return kMalformed;
  const auto [memory, turns, lanes] = *cost;
  return memory > 256 * 1024 || std::uint64_t{memory} * turns > 4'194'304 || lanes > 16 ? kTooDear : Fault();
}

Fault fault_of(std::string_view text) {
  constexpr Fault kWeak = "this kind of hash is too weak; make another with `htpasswd -B` or `mkpasswd`";
  if (text.starts_with("$apr1$") || text.starts_with("$1$") || text.starts_with("{")) return kWeak;
  if (!text.starts_with('$')) {
    return text.size() == 13 && all_of(text, kCryptAlphabet) ? kWeak
                                                             : "it is no hash of a password; `htpasswd -B` makes one";
  }
  const auto parts = parts_of(text);
  const std::string_view kind = parts[0];
  if (kind == "2a" || kind == "2b" || kind == "2y") return check_bcrypt(parts);
  if (kind == "5") return check_sha(parts, 43);
  if (kind == "6") return check_sha(parts, 86);
  if (kind == "y") return check_yescrypt(parts);
  if (kind == "argon2id" || kind == "argon2i") return check_argon2(parts);
  return "this kind of hash is not known; bcrypt, sha512, yescrypt and Argon2 are";
}

// Takes as long wherever the two differ.
bool equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace

std::expected<PasswordHash, std::string> PasswordHash::parse(std::string_view text) {
  if (const Fault fault = fault_of(text); !fault.empty()) return std::unexpected(std::string(fault));
  PasswordHash made(text);
  if (!text.starts_with("$argon2") && crypt_checksalt(made.text_.c_str()) == CRYPT_SALT_INVALID) {
    return std::unexpected("this system's libcrypt does not take it");
  }
  return made;
}

PasswordHash::Answer PasswordHash::check(const std::string& password) const {
  if (text_.starts_with("$argon2")) {
    const argon2_type type = text_.starts_with("$argon2id$") ? Argon2_id : Argon2_i;
    const int answer = argon2_verify(text_.c_str(), password.data(), password.size(), type);
    if (answer == ARGON2_OK) return Answer::right;
    return answer == ARGON2_VERIFY_MISMATCH ? Answer::wrong : Answer::failed;
  }
  const auto room = std::make_unique<crypt_data>();  // 32 KiB
  const char* made = crypt_r(password.c_str(), text_.c_str(), room.get());
  const bool failed = !made || made[0] == '*';
  const bool right = !failed && equal(made, text_);
  explicit_bzero(room.get(), sizeof(crypt_data));  // it holds the password
  if (failed) return Answer::failed;
  return right ? Answer::right : Answer::wrong;
}

}  // namespace tandem::passwords
