// Builds one access log line, field by field, in the format that is configured:
//   json   {"time":"2026-11-24T03:31:56.123Z","id":"…","status":200,"upstream":null}
//   text   2026-11-24T03:31:56.123Z id=… status=200 upstream=-
//   ecs    {"@timestamp":"2026-11-24T03:31:56.123Z","event.id":"…","http.response.status_code":200}
// Every line has every field, in the same order; what does not apply is null (json), - (text) or left out (ecs). In
// text a value is quoted like a JSON string when it is more than one plain word. Foreign text is escaped and cut at 1
// KiB, so a line is one line and bounded. Lives on the stack of whoever logs; the string is the caller's, usually used
// again and again.
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

class LogLine {
 public:
  static constexpr std::size_t kValueCap = 1024;

  LogLine(LogFormat format, std::string& out) : out_(out), format_(format) { out_.clear(); }
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  // Keys are our own words: never escaped. `time` stands without its key in text.
  LogLine& time(std::string_view key, WallTime value);
  LogLine& text(std::string_view key, std::string_view value);  // empty: does not apply
  LogLine& json(std::string_view key, std::string_view value);  // a JSON text of our own; not in text lines
  LogLine& number(std::string_view key, std::optional<std::uint64_t> value);
  LogLine& milliseconds(std::string_view key, std::optional<Duration> value);
  LogLine& endpoint(std::string_view key, const IpEndpoint& value);  // without a port: the address alone; :: : neither
  std::string_view end();                                            // the line with its newline

 private:
  void begin_field(std::string_view key);
  LogLine& nothing(std::string_view key);
  bool is_json() const { return format_ != LogFormat::text; }

  std::string& out_;
  LogFormat format_;
};

}  // namespace tandem::observe
