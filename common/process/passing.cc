#include "common/process/passing.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

namespace tandem::process {
namespace {

constexpr std::size_t kAtOnce = 200;  // the kernel takes 253 in a message
constexpr char kMore = 'm';
constexpr char kLast = 'l';
constexpr off_t kLargest = off_t{256} << 20;

std::unexpected<Error> cannot_pass(std::string_view what) {
  return fail_errno(Origin::internal, "upgrade_passing", what, errno);
}

// One byte of text with room for descriptors beside it. Stays where it is: its parts point to each other.
struct Message {
  explicit Message(char said) : mark(said) {
    header.msg_iov = &text;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  char mark;
  iovec text{&mark, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kAtOnce * sizeof(int))> control{};
  msghdr header{};
};

bool send_message(const net::Socket& link, std::span<const int> fds, char mark) {
  Message message(mark);
  message.header.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message.header);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  return sendmsg(link.fd(), &message.header, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

// The message's mark, or 0.
char receive_message(const net::Socket& link, std::vector<int>& fds) {
  Message message('\0');
  if (recvmsg(link.fd(), &message.header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1) return 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message.header); header; header = CMSG_NXTHDR(&message.header, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t had = fds.size();
    fds.resize(had + (header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(fds.data() + had, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
  }
  return (message.header.msg_flags & MSG_CTRUNC) != 0 ? '\0' : message.mark;
}

Result<std::string> read_all(int fd) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return cannot_pass("fstat");
  if (!S_ISREG(status.st_mode) || status.st_size > kLargest) {
    return fail(Origin::internal, "upgrade_passing", "no state was passed");
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t got = pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (got <= 0) return cannot_pass("reading the state");
    done += static_cast<std::size_t>(got);
  }
  return text;
}

}  // namespace

Result<std::pair<net::Socket, net::Socket>> make_link() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    return cannot_pass("socketpair");
  }
  return std::pair(net::Socket(ends[0]), net::Socket(ends[1]));
}

net::Socket take_over_link(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  net::Socket link(fd);
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET) link.close();
  if (link.is_open()) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return link;
}

Result<void> send_state(const net::Socket& link, const std::string& state, const std::vector<int>& sockets) {
  const net::Socket memory(memfd_create("tandem-upgrade", MFD_CLOEXEC));
  if (!memory.is_open()) return cannot_pass("memfd_create");
  for (std::size_t done = 0; done < state.size();) {
    const ssize_t wrote = ::write(memory.fd(), state.data() + done, state.size() - done);
    if (wrote <= 0) return cannot_pass("writing the state");
    done += static_cast<std::size_t>(wrote);
  }
  std::vector<int> all = {memory.fd()};
  all.insert(all.end(), sockets.begin(), sockets.end());
  for (std::span<const int> left = all; !left.empty();) {
    const auto part = left.first(std::min(left.size(), kAtOnce));
    left = left.subspan(part.size());
    if (!send_message(link, part, left.empty() ? kLast : kMore)) return cannot_pass("sending the sockets");
  }
  return {};
}

Result<Received> receive_state(const net::Socket& link) {
  std::vector<int> fds;
  char mark = kMore;
  while (mark == kMore) mark = receive_message(link, fds);
  std::vector<net::Socket> owned;
  for (const int fd : fds) owned.emplace_back(fd);
  if (mark != kLast || owned.empty()) return fail(Origin::internal, "upgrade_passing", "the sockets did not come");
  auto state = read_all(owned.front().fd());
  if (!state) return std::unexpected(std::move(state.error()));
  owned.erase(owned.begin());
  return Received{*std::move(state), std::move(owned)};
}

}  // namespace tandem::process
