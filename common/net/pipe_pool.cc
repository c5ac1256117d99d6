#include "common/net/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

namespace tandem::net {
namespace {

IoResult move_bytes(int from, int to, std::size_t most) {
  ssize_t moved;
  do {
    moved = ::splice(from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (moved < 0 && errno == EINTR);
  if (moved > 0) return {IoResult::Status::ok, static_cast<std::size_t>(moved), 0};
  if (moved == 0) return {IoResult::Status::ended, 0, 0};
  if (errno == EAGAIN) return {IoResult::Status::blocked, 0, 0};
  return {IoResult::Status::failed, 0, errno};
}

}  // namespace

Pipe::Pipe(Pipe&& other) noexcept
    : read_fd_(std::exchange(other.read_fd_, -1)),
      write_fd_(std::exchange(other.write_fd_, -1)),
      bytes_(std::exchange(other.bytes_, 0)) {}

Pipe& Pipe::operator=(Pipe&& other) noexcept {
  if (this != &other) {
    give_up();
    read_fd_ = std::exchange(other.read_fd_, -1);
    write_fd_ = std::exchange(other.write_fd_, -1);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

IoResult Pipe::fill_from(int fd, std::size_t most) {
  const IoResult result = move_bytes(fd, write_fd_, std::min(most, kSize));
  bytes_ += static_cast<std::uint32_t>(result.bytes);
  return result;
}

IoResult Pipe::drain_to(int fd) {
  IoResult all;
  while (bytes_ > 0) {
    const IoResult result = move_bytes(read_fd_, fd, bytes_);
    bytes_ -= static_cast<std::uint32_t>(result.bytes);
    all.bytes += result.bytes;
    if (result.ok()) continue;
    all.status = result.status;
    all.error = result.error;
    return all;
  }
  return all;
}

void Pipe::give_up() {
  if (is_open()) PipePool::shared().give_back(read_fd_, write_fd_, bytes_ == 0);
  read_fd_ = write_fd_ = -1;
  bytes_ = 0;
}

PipePool::PipePool() {
  // splice() to a socket whose peer has gone raises SIGPIPE, and unlike send() it can't be told not to.
  std::signal(SIGPIPE, SIG_IGN);
  idle_.reserve(kMost);
}

PipePool& PipePool::shared() {
  static auto* pool = new PipePool;  // for the life of the process: a worker may end after static objects have
  return *pool;
}

Pipe PipePool::take() {
  const std::scoped_lock lock(mutex_);
  if (!idle_.empty()) {
    const Ends ends = idle_.back();
    idle_.pop_back();
    return {ends.read_fd, ends.write_fd};
  }
  int fds[2];
  if (made_ == kMost || ::pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) return {};
  // A pipe of the default 16 slots would cost more calls than copying does, so a refused size is no pipe at all.
  if (::fcntl(fds[1], F_SETPIPE_SZ, static_cast<int>(Pipe::kSize)) < 0) {
    ::close(fds[0]);
    ::close(fds[1]);
    return {};
  }
  ++made_;
  return {fds[0], fds[1]};
}

std::size_t PipePool::made() {
  const std::scoped_lock lock(mutex_);
  return made_;
}

void PipePool::give_back(int read_fd, int write_fd, bool empty) {
  const std::scoped_lock lock(mutex_);
  if (empty) {
    idle_.push_back({read_fd, write_fd});
    return;
  }
  ::close(read_fd);
  ::close(write_fd);
  --made_;
}

}  // namespace tandem::net
