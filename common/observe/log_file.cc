#include "common/observe/log_file.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace tandem::observe {
namespace {

// What a pipe that polls writable takes without blocking; shorter writes are also never mixed with those of others.
constexpr std::size_t kPiece = PIPE_BUF;
constexpr int kAskMilliseconds = 100;

// The next piece of at most kPiece bytes, ending at a line's end where there is one.
std::string_view next_piece(std::string_view lines) {
  if (lines.size() <= kPiece) return lines;
  const auto end = lines.rfind('\n', kPiece - 1);
  return lines.substr(0, end == std::string_view::npos ? kPiece : end + 1);
}

}  // namespace

LogFile::LogFile(int fd, std::string target) : target_(std::move(target)), fd_(fd) {
  struct stat status{};
  asks_first_ = ::fstat(fd, &status) == 0 && !S_ISREG(status.st_mode);
  is_socket_ = S_ISSOCK(status.st_mode);
}
LogFile::LogFile(LogFile&& other) noexcept { *this = std::move(other); }
LogFile& LogFile::operator=(LogFile&& other) noexcept {
  std::swap(target_, other.target_);
  std::swap(fd_, other.fd_);
  std::swap(asks_first_, other.asks_first_);
  std::swap(is_socket_, other.is_socket_);
  std::swap(torn_, other.torn_);
  return *this;
}
LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<LogFile> LogFile::open(std::string_view target) {
  const std::string path(target);
  if (path == "off") return LogFile();
  int fd = -1;
  if (path == "stdout" || path == "stderr") {
    fd = ::fcntl(path == "stdout" ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  } else {  // not blocking, because opening a named pipe waits for its reader
    fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
  }
  if (fd < 0) return fail_errno(Origin::internal, "log_open", "cannot open log " + path, errno);
  return LogFile(fd, path);
}

long LogFile::write_piece(std::string_view piece) {
  if (is_socket_) return ::send(fd_, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return ::write(fd_, piece.data(), piece.size());
}

LogFile::Written LogFile::write(std::string_view lines, const std::function<bool()>& give_up) {
  Written written;
  if (is_off()) return {.bytes = lines.size()};
  while (written.bytes < lines.size()) {
    if (asks_first_) {
      pollfd ask{.fd = fd_, .events = POLLOUT, .revents = 0};
      const int ready = ::poll(&ask, 1, kAskMilliseconds);
      if (ready <= 0) {
        if (!give_up()) continue;
        written.error = ETIMEDOUT;
        break;
      }
    }
    const std::string_view rest = lines.substr(written.bytes);
    const std::string_view piece = torn_ ? "\n" : asks_first_ ? next_piece(rest) : rest;
    const long n = write_piece(piece);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
      if (give_up()) written.error = ETIMEDOUT;
    } else if (n <= 0) {
      written.error = n < 0 ? errno : EIO;
    } else if (!std::exchange(torn_, false)) {
      written.bytes += static_cast<std::size_t>(n);
    }
    if (written.error) break;
  }
  if (written.error && written.bytes > 0 && lines[written.bytes - 1] != '\n') torn_ = true;
  return written;
}

}  // namespace tandem::observe
