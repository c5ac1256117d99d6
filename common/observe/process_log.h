// The program's own log: lines for a person on stderr, such as
//   2026-11-24T03:31:56.123Z warning: upstream "orders": server 127.0.0.1:9001 is down: connection refused
// One message is one line, whatever stands in it. Made first and destroyed last by main; while it lives it is the
// writer behind common/base/log.h, callable from every thread, and never waits for stderr.
#pragma once
#include <string_view>

#include "common/base/log.h"
#include "common/observe/log_sink.h"

namespace tandem::observe {

class ProcessLog {
 public:
  // `program` ("lb") names the counter of lost lines. `target` as LogSink::redirect() takes it, for tests. At most one
  // at a time.
  explicit ProcessLog(std::string_view program, std::string_view target = "stderr");
  ~ProcessLog();  // no thread may log any more; writes what is left
  ProcessLog(const ProcessLog&) = delete;
  ProcessLog& operator=(const ProcessLog&) = delete;

  bool flush(Duration timeout) { return sink_.flush(timeout); }

 private:
  friend void write_plain_line(std::string_view line);
  LogSink sink_;
  LogBuffer buffer_;
  LogWriter previous_;
};

// Writes `line` as it is, in order with the log's lines but without time and level: what a person and scripts read at
// start. Goes straight to stderr while there is no ProcessLog.
void write_plain_line(std::string_view line);

// One line as the process log writes it, with its newline.
std::string process_log_line(WallTime time, LogLevel level, std::string_view message);

}  // namespace tandem::observe
