#include "common/observe/process_log.h"

#include <atomic>
#include <cstdio>

#include "common/base/escape.h"

namespace tandem::observe {
namespace {

constexpr std::size_t kMessageCap = 8 << 10;
constexpr std::size_t kBound = 1 << 20;

std::atomic<LogBuffer*> installed = nullptr;

void write_installed(LogLevel level, std::string_view message) noexcept {
  if (LogBuffer* buffer = installed.load(std::memory_order_acquire)) {
    buffer->write(process_log_line(wall_now(), level, message));
  }
}

bool say_lost(const LostLines& lost) {
  if (!lost.writable) return false;
  log_warn("{} lines of this log were lost: {}", lost.count, lost.why);
  return true;
}

LogSink::Options sink_options(std::string_view program) {
  return {
      .gather = Duration::zero(),
      .bound = kBound,
      .dropped = Counters::counter(std::string(program) + "_log_lines_dropped_total",
                                   "Log lines lost because their destination did not take them.", {{"log", "process"}}),
      .on_lost = say_lost};
}

}  // namespace

std::string process_log_line(WallTime time, LogLevel level, std::string_view message) {
  static constexpr std::string_view kNames[] = {" debug: ", " info: ", " warning: ", " error: "};
  std::string line = to_rfc3339(time);
  line += kNames[static_cast<int>(level)];
  append_printable(line, message, kMessageCap);
  line += '\n';
  return line;
}

ProcessLog::ProcessLog(std::string_view program, std::string_view target)
    : sink_(sink_options(program)), buffer_(sink_), previous_(nullptr) {
  if (const auto opened = sink_.redirect(target); !opened) return;  // stderr is closed: there is nobody to tell
  installed.store(&buffer_, std::memory_order_release);
  previous_ = set_log_writer(write_installed);
}

ProcessLog::~ProcessLog() {
  if (installed.exchange(nullptr) == &buffer_) set_log_writer(previous_);
}

void write_plain_line(std::string_view line) {
  const std::string whole = std::string(line) + '\n';
  if (LogBuffer* buffer = installed.load(std::memory_order_acquire))
    buffer->write(whole);
  else
    std::fputs(whole.c_str(), stderr);
}

}  // namespace tandem::observe
