#include "lb/access_log.h"

namespace tandem::lb {

void AccessLog::write(observe::LogFormat format, const AccessRecord& r) {
  if (is_off()) return;
  observe::LogLine line(format, line_);
  line.time("time", r.time).text("id", r.id).text("listener", r.listener).endpoint("client", r.client);
  line.text("upstream", r.upstream).text("server", r.server).number("attempts", r.attempts);
  line.milliseconds("connect_ms", r.connect).milliseconds("first_byte_ms", r.first_byte);
  line.milliseconds("duration_ms", r.duration).number("bytes_in", r.bytes_in).number("bytes_out", r.bytes_out);
  line.text("end", r.end);
  buffer_.write(line.end());
}

}  // namespace tandem::lb
