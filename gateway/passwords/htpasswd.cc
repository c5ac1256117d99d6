#include "gateway/passwords/htpasswd.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace tandem::passwords {
namespace {

class Reading {
 public:
  void line(std::string_view line) {
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos || line.starts_with('#')) return;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return fault(0, "a user is \"name:hash\"; there is no colon");
    const std::string_view name = line.substr(0, colon);
    if (!is_user_name(name)) return fault(0, "this is no name: 1 to 255 bytes, without control characters");
    std::string_view hash = line.substr(colon + 1);
    hash = hash.substr(0, hash.find(':'));
    auto parsed = PasswordHash::parse(hash);
    if (!parsed) return fault(colon + 1, parsed.error());
    const auto [known, is_new] = lines_.emplace(name, number_);
    if (!is_new) return fault(0, fmt::format("this user is already defined in line {}", known->second));
    read_.users.push_back({std::string(name), *std::move(parsed), number_});
  }
  Users take() && { return std::move(read_); }

 private:
  void fault(std::size_t offset, std::string text) {
    read_.faults.push_back({number_, static_cast<std::uint32_t>(offset + 1), std::move(text)});
  }

  Users read_;
  std::uint32_t number_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> lines_;
};

}  // namespace

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_user_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && !name.contains(':') && std::ranges::none_of(name, is_control);
}

Users parse_htpasswd(std::string_view text) {
  Reading reading;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reading.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(reading).take();
}

}  // namespace tandem::passwords
