// Builds one access log line, field by field, in the format that is configured:
//   json   {"time":"2026-11-24T03:31:56.123Z","id":"…","status":200,"upstream":null}
//   text   2026-11-24T03:31:56.123Z id=… status=200 upstream=-
//   ecs    {"@timestamp":"2026-11-24T03:31:56.123Z","event.id":"…","http.response.status_code":200}
// Every line has every field, in the same order; what does not apply is null (json), - (text) or left out (ecs). In
// text a value is quoted like a JSON string when it is more than one plain word. Foreign text is escaped and cut at 1
// KiB, so a line is one line and bounded. Lives on the stack of whoever logs; the string is the caller's, usually used
// again and again, and is whole only after end().
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/config/sections.h"

namespace tandem::observe {

using config::LogFormat;

// A field's name, put by the compiler into the block of bytes that stands in a line: a line has two dozen of them, and
// copying blocks of one fixed size is what makes them cheap. Keys are our own words: never escaped.
class LogKey {
 public:
  static constexpr std::size_t kBlock = 32;

  template <std::size_t N>
  consteval LogKey(const char (&key)[N]) : size_(N + 3) {  // N counts the final NUL
    static_assert(N + 3 <= kBlock, "a key of a log line is too long");
    block_[0] = ',';
    block_[1] = '"';
    for (std::size_t i = 0; i + 1 < N; ++i) block_[i + 2] = key[i];
    block_[N + 1] = '"';
    block_[N + 2] = ':';
  }

  const char* json() const { return block_; }  // ,"key": with room behind it up to kBlock
  std::size_t json_size() const { return size_; }
  std::string_view name() const { return {block_ + 2, size_ - 4}; }

 private:
  char block_[kBlock] = {};
  std::size_t size_;
};

class LogLine {
 public:
  static constexpr std::size_t kValueCap = 1024;

  LogLine(LogFormat format, std::string& out);
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  // `time` stands without its key in text.
  LogLine& time(const LogKey& key, WallTime value);
  LogLine& text(const LogKey& key, std::string_view value);  // empty: does not apply
  LogLine& json(const LogKey& key, std::string_view value);  // a JSON text of our own; not in text lines
  LogLine& number(const LogKey& key, std::optional<std::uint64_t> value);
  LogLine& milliseconds(const LogKey& key, std::optional<Duration> value);
  LogLine& endpoint(const LogKey& key, const IpEndpoint& value);  // without a port: the address alone; :: : neither
  // A text whose key the configuration gives: of visible ASCII without quotes and backslashes.
  LogLine& named(std::string_view key, std::string_view value);
  std::string_view end();  // the line with its newline

 private:
  static constexpr std::size_t kLineEnd = 2;  // "}\n"

  // Room for `bytes` more and what a line ends with; the cursor stays where it is, the bytes may move.
  void reserve(std::size_t bytes) {
    if (static_cast<std::size_t>(limit_ - at_) < bytes + kLineEnd) grow(bytes);
  }
  void grow(std::size_t bytes);
  void put(std::string_view bytes);
  void put(char byte) { *at_++ = byte; }
  void begin_field(const LogKey& key, std::size_t value_bytes);
  void begin_named(std::string_view key, std::size_t value_bytes);
  void value(std::string_view text);
  void nothing() { put(is_json() ? "null" : "-"); }
  bool leaves_out_empty() const { return format_ == LogFormat::ecs; }
  bool is_json() const { return format_ != LogFormat::text; }

  std::string& out_;
  char* at_ = nullptr;     // where the next byte goes, in out_
  char* limit_ = nullptr;  // the end of the room
  LogFormat format_;
};

}  // namespace tandem::observe
