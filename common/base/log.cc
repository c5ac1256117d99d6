#include "common/base/log.h"

#include <atomic>
#include <cstdio>

namespace tandem {
namespace {

void write_to_stderr(LogLevel level, std::string_view message) noexcept {
  static constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  std::fprintf(stderr, "%s: %.*s\n", kNames[static_cast<int>(level)], static_cast<int>(message.size()), message.data());
}

std::atomic<LogWriter> writer = write_to_stderr;
std::atomic<LogLevel> lowest = LogLevel::info;

}  // namespace

LogWriter set_log_writer(LogWriter next) { return writer.exchange(next ? next : write_to_stderr); }
void set_log_level(LogLevel level) { lowest.store(level, std::memory_order_relaxed); }
bool log_enabled(LogLevel level) { return level >= lowest.load(std::memory_order_relaxed); }
void write_log(LogLevel level, std::string_view message) { writer.load(std::memory_order_acquire)(level, message); }

}  // namespace tandem
