// Commands to Redis, and scripts that it runs. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace tandem::redis {

// Appends a command of these words. Each goes with its length, so that no word can become anything else.
void append_command(std::string& out, std::span<const std::string_view> words);

// A Lua script, known to Redis by its hash once it has run.
struct Script {
  explicit Script(std::string text);
  std::string source;
  std::string sha;  // hexadecimal SHA-1, for EVALSHA
};

}  // namespace tandem::redis
