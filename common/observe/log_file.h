// The destination of a log as a descriptor, and writing to it without ever waiting long: pipes, sockets and terminals
// are asked first and fed by pieces that they take whole. Owned by a LogSink, used on its thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace tandem::observe {

class LogFile {
 public:
  LogFile() = default;  // "off": takes everything, writes nothing
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;
  ~LogFile();

  static Result<LogFile> open(std::string_view target);  // as LogSink::redirect()

  bool is_off() const { return fd_ < 0; }
  const std::string& target() const { return target_; }

  struct Written {
    std::size_t bytes = 0;
    int error = 0;  // why the rest was not written; ETIMEDOUT when `give_up` said so
  };
  // Writes all of `lines`; asks `give_up` about ten times a second while the destination takes nothing.
  Written write(std::string_view lines, const std::function<bool()>& give_up);

 private:
  LogFile(int fd, std::string target);
  long write_piece(std::string_view piece);

  std::string target_ = "off";
  int fd_ = -1;
  bool asks_first_ = false;  // a write may block: a pipe, a socket, a terminal
  bool is_socket_ = false;
  bool torn_ = false;  // the last line written has lost its end: the next write begins with a newline
};

}  // namespace tandem::observe
