#include "gateway/access_log.h"

#include <array>
#include <cstring>

#include "gateway/combined_log.h"
#include "gateway/ecs_log.h"

namespace tandem::gateway {

bool has_failed(int status, std::string_view reason) {
  if (status != 0) return status >= 500 || reason.starts_with("upstream_");
  return !reason.empty() && reason != "client_closed";
}
namespace {

// Every text of a record.
constexpr std::array kTexts = {&AccessRecord::id,       &AccessRecord::trace,      &AccessRecord::conn,
                               &AccessRecord::method,   &AccessRecord::host,       &AccessRecord::path,
                               &AccessRecord::query,    &AccessRecord::route,      &AccessRecord::reason,
                               &AccessRecord::upstream, &AccessRecord::server,     &AccessRecord::consumer,
                               &AccessRecord::cache,    &AccessRecord::limit,      &AccessRecord::parts,
                               &AccessRecord::referer,  &AccessRecord::user_agent, &AccessRecord::client_request_id};

}  // namespace

KeptRecord::KeptRecord(const AccessRecord& of) : record(of) {
  std::size_t size = 0;
  const auto for_each = [this](auto visit) {
    for (const auto text : kTexts) visit(record.*text);
    for (std::string_view& field : record.fields) visit(field);
  };
  for_each([&size](const std::string_view& text) { size += text.size(); });
  texts_ = std::make_unique_for_overwrite<char[]>(size);
  char* at = texts_.get();
  for_each([&at](std::string_view& text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    text = {at, text.size()};
    at += text.size();
  });
}

void AccessLog::write(const AccessRecord& r) {
  if (is_off()) return;
  if (rules_->format == observe::LogFormat::combined || rules_->format == observe::LogFormat::ecs) {
    rules_->format == observe::LogFormat::combined ? write_combined(line_, r) : write_ecs(line_, *rules_, r);
    buffer_.write(line_);
    return;
  }
  observe::LogLine line(rules_->format, line_);
  line.time("time", r.time).text("id", r.id).text("trace", r.trace).text("conn", r.conn).endpoint("client", r.client);
  line.text("method", r.method).text("host", r.host).text("path", r.path);
  if (rules_->query) line.text("query", r.query);
  line.text("route", r.route).number("status", r.status).text("reason", r.reason);
  line.number("bytes_in", r.bytes_in).number("bytes_out", r.bytes_out).milliseconds("duration_ms", r.duration);
  line.text("upstream", r.upstream).text("server", r.server).milliseconds("upstream_ms", r.upstream_time);
  line.number("attempts", r.attempts)
      .text("consumer", r.consumer)
      .text("cache", r.cache)
      .text("limit", r.limit)
      .text("parts", r.parts)
      .text("client_request_id", r.client_request_id);
  for (std::size_t i = 0; i < rules_->fields.size(); ++i) line.named(rules_->fields[i].key, r.fields[i]);
  buffer_.write(line.end());
}

}  // namespace tandem::gateway
