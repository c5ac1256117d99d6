#include "gateway/combined_log.h"

#include <fmt/format.h>

namespace tandem::gateway {
namespace {

constexpr std::size_t kCap = 1024;
constexpr int kClientClosed = 499;

void append_escaped(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += '-';
    return;
  }
  const bool cut = text.size() > kCap;
  for (const char c : text.substr(0, kCap)) {
    if (c < ' ' || c > '~' || c == '"' || c == '\\') {
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  if (cut) out += "...";
}

std::string_view without_query(std::string_view url) { return url.substr(0, url.find('?')); }

// The second is formatted once and kept.
std::string_view date_of(WallTime time) {
  thread_local std::chrono::sys_seconds kept{std::chrono::seconds(-1)};
  thread_local std::string text;
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (second != kept || text.empty()) {
    const std::string date = to_http_date(second);  // "Tue, 24 Nov 2026 03:31:56 GMT"
    text =
        fmt::format("{}/{}/{}:{} +0000", date.substr(5, 2), date.substr(8, 3), date.substr(12, 4), date.substr(17, 8));
    kept = second;
  }
  return text;
}

}  // namespace

void write_combined(std::string& out, const AccessRecord& record) {
  out.clear();
  if (record.client == IpEndpoint{}) {
    out += '-';
  } else {
    record.client.ip.append_to(out);
  }
  out += " - ";
  append_escaped(out, record.consumer);
  fmt::format_to(std::back_inserter(out), " [{}] \"", date_of(record.time));
  if (record.method.empty()) {
    out += '-';
  } else {
    append_escaped(out, record.method);
    out += ' ';
    append_escaped(out, record.path);
    if (!record.query.empty()) {
      out += '?';
      append_escaped(out, record.query);
    }
    fmt::format_to(std::back_inserter(out), " HTTP/1.{}", record.version_minor);
  }
  fmt::format_to(std::back_inserter(out), "\" {} {} \"", record.status.value_or(kClientClosed), record.bytes_out);
  append_escaped(out, without_query(record.referer));
  out += "\" \"";
  append_escaped(out, record.user_agent);
  out += "\"\n";
}

}  // namespace tandem::gateway
