#include "common/observe/log_line.h"

#include <algorithm>

#include "common/base/json_writer.h"

namespace tandem::observe {
namespace {

// The second is formatted once and kept: a busy worker writes thousands of lines in it.
void append_time(std::string& out, WallTime time) {
  thread_local std::chrono::sys_seconds kept{std::chrono::seconds(-1)};
  thread_local std::string text;
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (second != kept || text.empty()) {
    text = to_rfc3339(second).substr(0, 20);  // "2026-11-24T03:31:56."
    kept = second;
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time - second).count();
  const char digits[] = {static_cast<char>('0' + ms / 100), static_cast<char>('0' + ms / 10 % 10),
                         static_cast<char>('0' + ms % 10), 'Z'};
  out.append(text).append(digits, sizeof digits);
}

bool is_plain_word(std::string_view text) {
  return text != "-" && text.size() <= LogLine::kValueCap &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '='; });
}

}  // namespace

// In one step: a line has twenty fields, and growing a string by pieces is what formatting them would cost most.
void LogLine::begin_field(std::string_view key) {
  const std::size_t before = out_.size();
  if (is_json()) {
    const std::size_t size = before + key.size() + 4;
    out_.resize_and_overwrite(size, [&](char* bytes, std::size_t) {  // libstdc++ 12 passes the capacity, not the size
      bytes[before] = before == 0 ? '{' : ',';
      bytes[before + 1] = bytes[size - 2] = '"';
      key.copy(bytes + before + 2, key.size());
      bytes[size - 1] = ':';
      return size;
    });
  } else {
    if (before > 0) out_ += ' ';
    out_.append(key).append("=");
  }
}

LogLine& LogLine::nothing(std::string_view key) {
  if (format_ == LogFormat::ecs) return *this;
  begin_field(key);
  out_ += is_json() ? "null" : "-";
  return *this;
}

LogLine& LogLine::time(std::string_view key, WallTime value) {
  if (is_json()) {
    begin_field(key);
    out_ += '"';
    append_time(out_, value);
    out_ += '"';
  } else {
    if (!out_.empty()) out_ += ' ';
    append_time(out_, value);
  }
  return *this;
}

LogLine& LogLine::text(std::string_view key, std::string_view value) {
  if (value.empty()) return nothing(key);
  begin_field(key);
  if (format_ == LogFormat::text && is_plain_word(value))
    out_ += value;
  else
    append_json_string(out_, value, kValueCap);
  return *this;
}

LogLine& LogLine::json(std::string_view key, std::string_view value) {
  if (!is_json()) return *this;
  begin_field(key);
  out_ += value;
  return *this;
}

LogLine& LogLine::number(std::string_view key, std::optional<std::uint64_t> value) {
  if (!value) return nothing(key);
  begin_field(key);
  append_number(out_, *value);
  return *this;
}

LogLine& LogLine::milliseconds(std::string_view key, std::optional<Duration> value) {
  if (!value) return nothing(key);
  begin_field(key);
  append_milliseconds(out_, *value);
  return *this;
}

LogLine& LogLine::endpoint(std::string_view key, const IpEndpoint& value) {
  if (value == IpEndpoint{}) return nothing(key);
  begin_field(key);
  const bool json = is_json();
  const bool brackets = value.port != 0 && !value.ip.is_v4();
  if (json) out_ += '"';
  if (brackets) out_ += '[';
  value.ip.append_to(out_);
  if (brackets) out_ += ']';
  if (value.port != 0) {
    out_ += ':';
    append_number(out_, value.port);
  }
  if (json) out_ += '"';
  return *this;
}

std::string_view LogLine::end() {
  out_ += is_json() ? "}\n" : "\n";
  return out_;
}

}  // namespace tandem::observe
