// The front end of the process log: any room says a sentence, whoever runs the process decides where it goes
// (observe installs the writer; until then lines go to stderr). Callable from every thread; never blocks on a full pipe
// once observe's writer is installed.
#pragma once
#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace tandem {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

using LogWriter = void (*)(LogLevel level, std::string_view message) noexcept;

LogWriter set_log_writer(LogWriter writer);  // gives the one it replaced
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);
void write_log(LogLevel level, std::string_view message);

// log_info("upstream \"{}\": server {} is up", upstream, server): one sentence, no newline.
template <class... Args>
void log_at(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) write_log(level, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::debug, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::info, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_warn(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::warn, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::error, format, std::forward<Args>(args)...);
}

}  // namespace tandem
