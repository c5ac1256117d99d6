// The data planes' calls of the kernel, made again when a signal has interrupted them. Without the C library's
// wrappers: those make every call a point where a thread can be cancelled, which costs two atomic steps a call, and no
// thread of ours is ever cancelled. Each gives what the call gives: bytes, or -1 with errno set.
#pragma once
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <span>

namespace tandem::net {

template <class Call>
ssize_t uninterrupted(Call call) {
  ssize_t result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

inline ssize_t receive(int fd, std::span<char> into, int flags = 0) {
  return uninterrupted([&] { return syscall(SYS_recvfrom, fd, into.data(), into.size(), flags, nullptr, nullptr); });
}

inline ssize_t send(int fd, std::span<const char> bytes, int flags) {
  return uninterrupted([&] { return syscall(SYS_sendto, fd, bytes.data(), bytes.size(), flags, nullptr, 0); });
}

inline ssize_t send(int fd, const msghdr& message, int flags) {
  return uninterrupted([&] { return syscall(SYS_sendmsg, fd, &message, flags); });
}

}  // namespace tandem::net
