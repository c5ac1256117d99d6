// Files of users as web servers have them: "name:hash" lines; what follows a further colon, blank lines and those that
// begin with '#' are for people.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/passwords/password_hash.h"

namespace tandem::passwords {

struct User {
  std::string name;
  PasswordHash hash;
  std::uint32_t line = 0;
};

struct Fault {
  std::uint32_t line = 0;    // from 1
  std::uint32_t column = 0;  // likewise, in bytes
  std::string text;          // never with a hash or a password in it
};

struct Users {
  std::vector<User> users;  // no name twice
  std::vector<Fault> faults;
};

// What may stand in neither a name nor a password (RFC 7617 §2).
bool is_control(char c);

// Whether a name can be one: not empty, without colons and control characters, at most 255 bytes.
bool is_user_name(std::string_view name);

Users parse_htpasswd(std::string_view text);

}  // namespace tandem::passwords
