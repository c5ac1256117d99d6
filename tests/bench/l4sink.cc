// The server of the layer-4 workloads: one thread, one epoll set. `echo` sends back what it gets; `bulk` sends without
// end to whoever has said a byte. Prints the port it listens on and runs until it is killed.
//
//   l4sink echo|bulk
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kPiece = 256 * 1024;

int listen_on_free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int on = 1;
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 4096) != 0) {
    perror("l4sink");
    return -1;
  }
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  printf("%u\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

// False: the connection has ended.
bool serve_echo(int fd, std::vector<char>& buffer) {
  const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  return send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) ==
         got;  // workloads never fill the socket
}

bool serve_bulk(int fd, std::uint32_t events, std::vector<char>& buffer) {
  if (events & EPOLLIN) {
    const ssize_t got = recv(fd, buffer.data(), 64, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
  }
  const ssize_t sent = send(fd, buffer.data(), buffer.size(), MSG_NOSIGNAL);
  return sent > 0 || errno == EAGAIN;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 2 ? argv[1] : "";
  if (mode != "echo" && mode != "bulk") {
    fprintf(stderr, "usage: l4sink echo|bulk\n");
    return 2;
  }
  const bool bulk = mode == "bulk";
  const int listener = listen_on_free_port();
  if (listener < 0) return 1;
  const int set = epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);

  std::vector<char> buffer(kPiece, 'x');
  std::vector<epoll_event> events(512);
  while (true) {
    const int count = epoll_wait(set, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        while ((event.data.fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
          event.events = EPOLLIN | (bulk ? EPOLLOUT : 0U);
          epoll_ctl(set, EPOLL_CTL_ADD, event.data.fd, &event);
        }
      } else if (!(bulk ? serve_bulk(fd, events[static_cast<std::size_t>(i)].events, buffer)
                        : serve_echo(fd, buffer))) {
        close(fd);
      }
    }
  }
}
