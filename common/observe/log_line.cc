#include "common/observe/log_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "common/base/escape.h"
#include "common/base/json_writer.h"

namespace tandem::observe {
namespace {

constexpr std::size_t kUsualLine = 1024;
constexpr std::size_t kLongestNumber = 24;  // 20 digits, or milliseconds with three behind the point
constexpr std::size_t kLongestTime = 26;
constexpr std::size_t kLongestEndpoint = IpAddress::kLongestText + 10;  // quotes, brackets, a port

// The second is formatted once and kept: a busy worker writes thousands of lines in it.
struct KeptSecond {
  std::int64_t second = -1;
  std::array<char, 20> text{};  // "2026-11-24T03:31:56."
};
constinit thread_local KeptSecond kept_second;

char* write_time(char* at, WallTime time) {
  KeptSecond& kept = kept_second;
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (second.time_since_epoch().count() != kept.second) {
    to_rfc3339(second).copy(kept.text.data(), kept.text.size());
    kept.second = second.time_since_epoch().count();
  }
  std::memcpy(at, kept.text.data(), kept.text.size());
  at += kept.text.size();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time - second).count();
  for (const auto digit : {ms / 100, ms / 10 % 10, ms % 10}) *at++ = static_cast<char>('0' + digit);
  *at++ = 'Z';
  return at;
}

bool is_plain_word(std::string_view text) {
  return text != "-" && text.size() <= LogLine::kValueCap &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '='; });
}

}  // namespace

LogLine::LogLine(LogFormat format, std::string& out) : out_(out), format_(format) {
  out_.clear();
  grow(kUsualLine);
}

void LogLine::grow(std::size_t bytes) {
  const std::size_t used = at_ == nullptr ? 0 : static_cast<std::size_t>(at_ - out_.data());
  const std::size_t size = std::max(used + bytes + kLineEnd, out_.capacity());
  out_.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
  at_ = out_.data() + used;
  limit_ = out_.data() + size;
}

void LogLine::put(std::string_view bytes) { at_ += bytes.copy(at_, bytes.size()); }

void LogLine::begin_field(const LogKey& key, std::size_t value_bytes) {
  reserve(LogKey::kBlock + value_bytes);
  if (is_json()) {
    std::memcpy(at_, key.json(), LogKey::kBlock);
    at_ += key.json_size();
    return;
  }
  begin_named(key.name(), value_bytes);
}

void LogLine::begin_named(std::string_view key, std::size_t value_bytes) {
  reserve(key.size() + 4 + value_bytes);
  if (is_json()) {
    put(",\""), put(key), put("\":");
  } else {
    if (at_ != out_.data()) put(' ');
    put(key), put('=');
  }
}

LogLine& LogLine::time(const LogKey& key, WallTime time) {
  if (is_json()) {
    begin_field(key, kLongestTime);
    put('"');
    at_ = write_time(at_, time);
    put('"');
    return *this;
  }
  reserve(kLongestTime);
  if (at_ != out_.data()) put(' ');
  at_ = write_time(at_, time);
  return *this;
}

// Behind a key. Nearly all values are plain and copied; the others are escaped at the end of the string.
void LogLine::value(std::string_view text) {
  const bool plain = text.size() <= kValueCap && is_clean_in_json(text);
  if (plain && is_json()) {
    put('"'), put(text), put('"');
  } else if (plain && is_plain_word(text)) {
    put(text);
  } else {
    out_.resize(static_cast<std::size_t>(at_ - out_.data()));
    append_json_string(out_, text, kValueCap);
    at_ = limit_ = out_.data() + out_.size();
  }
}

LogLine& LogLine::text(const LogKey& key, std::string_view text) {
  if (text.empty() && leaves_out_empty()) return *this;
  begin_field(key, std::max<std::size_t>(text.size(), 4) + 2);
  text.empty() ? nothing() : value(text);
  return *this;
}

LogLine& LogLine::named(std::string_view key, std::string_view text) {
  if (text.empty() && leaves_out_empty()) return *this;
  begin_named(key, std::max<std::size_t>(text.size(), 4) + 2);
  text.empty() ? nothing() : value(text);
  return *this;
}

LogLine& LogLine::json(const LogKey& key, std::string_view json) {
  if (!is_json()) return *this;
  begin_field(key, json.size());
  put(json);
  return *this;
}

LogLine& LogLine::number(const LogKey& key, std::optional<std::uint64_t> number) {
  if (!number && leaves_out_empty()) return *this;
  begin_field(key, kLongestNumber);
  number ? void(at_ = std::to_chars(at_, limit_, *number).ptr) : nothing();
  return *this;
}

LogLine& LogLine::milliseconds(const LogKey& key, std::optional<Duration> time) {
  if (!time && leaves_out_empty()) return *this;
  begin_field(key, kLongestNumber);
  time ? void(at_ = write_milliseconds(at_, *time)) : nothing();
  return *this;
}

LogLine& LogLine::endpoint(const LogKey& key, const IpEndpoint& endpoint) {
  const bool none = endpoint == IpEndpoint{};
  if (none && leaves_out_empty()) return *this;
  begin_field(key, kLongestEndpoint);
  if (none) return nothing(), *this;
  const bool brackets = endpoint.port != 0 && !endpoint.ip.is_v4();
  if (is_json()) put('"');
  if (brackets) put('[');
  at_ = endpoint.ip.write_to(at_);
  if (brackets) put(']');
  if (endpoint.port != 0) {
    put(':');
    at_ = std::to_chars(at_, limit_, endpoint.port).ptr;
  }
  if (is_json()) put('"');
  return *this;
}

std::string_view LogLine::end() {
  reserve(0);
  if (is_json()) {
    at_ == out_.data() ? put('{') : void(out_.front() = '{');  // the first field began with a comma
    put('}');
  }
  put('\n');
  out_.resize(static_cast<std::size_t>(at_ - out_.data()));
  return out_;
}

}  // namespace tandem::observe
