#include "common/process/admin_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

namespace tandem::process {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;

class Connection {
 public:
  explicit Connection(const Address& address) : fd_(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<std::string> exchange(int fd, std::string_view request) {
  while (!request.empty()) {
    const ssize_t sent = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0) return fail_errno(Origin::upstream, "admin", "send", errno);
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string answer;
  std::array<char, 16 * 1024> chunk;
  while (answer.size() <= kMostBytes) {
    const ssize_t got = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (got < 0) return fail_errno(Origin::upstream, "admin", "receive", errno);
    if (got == 0) return answer;
    answer.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return fail(Origin::upstream, "admin", "the answer is too large");
}

}  // namespace

Result<AdminAnswer> ask_admin(const Address& admin, const std::optional<std::string>& token, std::string_view path,
                              std::string_view method, std::string_view body, Duration patience) {
  const Connection connection(admin);
  sockaddr_storage storage;
  const unsigned length = admin.to_sockaddr(storage);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(patience - seconds);
  const timeval step{.tv_sec = seconds.count(), .tv_usec = rest.count()};
  ::setsockopt(connection.fd(), SOL_SOCKET, SO_RCVTIMEO, &step, sizeof step);
  ::setsockopt(connection.fd(), SOL_SOCKET, SO_SNDTIMEO, &step, sizeof step);
  if (::connect(connection.fd(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    return fail_errno(Origin::upstream, "admin", "connect to " + admin.to_string(), errno);
  }
  // HTTP/1.0: the body ends where the connection does, so that nothing has to be decoded.
  const std::string host = admin.is_unix()  ? "localhost"
                           : admin.is_any() ? "127.0.0.1" + admin.to_string()
                                            : admin.to_string();
  const std::string authorization = token ? fmt::format("Authorization: Bearer {}\r\n", *token) : "";
  const auto answer =
      exchange(connection.fd(), fmt::format("{} {} HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n{}\r\n{}", method,
                                            path, host, body.size(), authorization, body));
  if (!answer) return std::unexpected(answer.error());
  const std::size_t head = answer->find("\r\n\r\n");
  constexpr std::size_t kStatusAt = std::string_view("HTTP/1.1 ").size();
  AdminAnswer made;
  if (head == std::string::npos || !answer->starts_with("HTTP/1.") ||
      std::from_chars(answer->data() + kStatusAt, answer->data() + head, made.status).ec != std::errc()) {
    return fail(Origin::upstream, "admin", admin.to_string() + " does not answer as an admin address");
  }
  made.body = answer->substr(head + 4);
  return made;
}

}  // namespace tandem::process
