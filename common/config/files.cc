#include "common/config/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

namespace tandem::config {

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(Origin::internal, "unreadable", path, errno);
  std::string text;
  std::array<char, 64 * 1024> chunk;
  ssize_t got = 0;
  while (text.size() <= limit) {
    got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  const int error = errno;
  ::close(fd);
  if (text.size() > limit) {
    return fail(Origin::internal, "unreadable", fmt::format("{}: larger than {} KiB", path, limit / 1024));
  }
  if (got < 0) return fail_errno(Origin::internal, "unreadable", path, error);
  return text;
}

std::string relative_to(std::string_view naming_file, std::string_view path) {
  const std::size_t slash = naming_file.rfind('/');
  if (path.starts_with('/') || slash == naming_file.npos) return std::string(path);
  return fmt::format("{}/{}", naming_file.substr(0, slash), path);
}

}  // namespace tandem::config
