#include "gateway/access_log.h"

#include <array>
#include <cstring>

#include "gateway/combined_log.h"

namespace tandem::gateway {
namespace {

// Every text of a record.
constexpr std::array kTexts = {&AccessRecord::id,       &AccessRecord::trace,
                               &AccessRecord::conn,     &AccessRecord::method,
                               &AccessRecord::host,     &AccessRecord::path,
                               &AccessRecord::route,    &AccessRecord::reason,
                               &AccessRecord::upstream, &AccessRecord::server,
                               &AccessRecord::consumer, &AccessRecord::cache,
                               &AccessRecord::limit,    &AccessRecord::client_request_id,
                               &AccessRecord::referer,  &AccessRecord::user_agent};

}  // namespace

KeptRecord::KeptRecord(const AccessRecord& of) : record(of) {
  std::size_t size = 0;
  for (const auto text : kTexts) size += (of.*text).size();
  texts_ = std::make_unique_for_overwrite<char[]>(size);
  char* at = texts_.get();
  for (const auto text : kTexts) {
    const std::string_view own = of.*text;
    if (!own.empty()) std::memcpy(at, own.data(), own.size());
    record.*text = {at, own.size()};
    at += own.size();
  }
}

void AccessLog::write(observe::LogFormat format, const AccessRecord& r) {
  if (is_off()) return;
  if (format == observe::LogFormat::combined) {
    write_combined(line_, r);
    buffer_.write(line_);
    return;
  }
  observe::LogLine line(format, line_);
  line.time("time", r.time).text("id", r.id).text("trace", r.trace).text("conn", r.conn).endpoint("client", r.client);
  line.text("method", r.method).text("host", r.host).text("path", r.path.substr(0, r.path.find('?')));
  line.text("route", r.route).number("status", r.status).text("reason", r.reason);
  line.number("bytes_in", r.bytes_in).number("bytes_out", r.bytes_out).milliseconds("duration_ms", r.duration);
  line.text("upstream", r.upstream).text("server", r.server).milliseconds("upstream_ms", r.upstream_time);
  line.number("attempts", r.attempts)
      .text("consumer", r.consumer)
      .text("cache", r.cache)
      .text("limit", r.limit)
      .text("client_request_id", r.client_request_id);
  buffer_.write(line.end());
}

}  // namespace tandem::gateway
