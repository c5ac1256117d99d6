// ClientHellos made for tests: right ones by default, wrong ones by saying how.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::test {

inline std::string number(std::size_t value, unsigned width) {
  std::string bytes;
  while (width-- > 0) bytes.push_back(static_cast<char>(value >> 8 * width & 0xff));
  return bytes;
}

inline std::string vector(unsigned width, std::string_view bytes) { return number(bytes.size(), width) += bytes; }

inline std::string extension(std::uint16_t type, std::string_view data) { return number(type, 2) + vector(2, data); }

inline std::string server_name(std::string_view name, char kind = 0) {
  return extension(0, vector(2, std::string(1, kind) + vector(2, name)));
}

inline std::string protocols(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += vector(1, name);
  return extension(16, vector(2, list));
}

struct HelloParts {
  std::string version = "\x03\x03";
  std::string session = std::string(32, 's');
  std::string ciphers = "\x13\x01\x13\x02";
  std::string compressions = std::string(1, '\0');
  std::string behind = {};  // of the body
};

// The handshake message; its record or records are put around it.
inline std::string hello_message(std::string_view extensions, const HelloParts& parts = {}) {
  std::string body = parts.version + std::string(32, 'r') + vector(1, parts.session) + vector(2, parts.ciphers) +
                     vector(1, parts.compressions) + vector(2, extensions) + parts.behind;
  return "\x01" + vector(3, body);
}

inline std::string record(std::string_view payload) { return "\x16\x03\x01" + vector(2, payload); }

// `size`: payload of each record but the last.
inline std::string records(std::string_view message, std::size_t size = 1 << 14) {
  std::string all;
  for (; !message.empty(); message.remove_prefix(std::min(size, message.size())))
    all += record(message.substr(0, size));
  return all;
}

inline std::string hello(std::string_view extensions) { return records(hello_message(extensions)); }

}  // namespace tandem::test
