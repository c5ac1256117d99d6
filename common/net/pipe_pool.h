// The pipes through which relays splice: made once, lent for a turn or for as long as bytes wait in them. One pool a
// process, used by all workers: the kernel limits large pipes per user, so their number is capped and whoever gets
// none copies instead.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "common/net/socket.h"

namespace tandem::net {

// A lent pipe; default-made it is none. Goes back to the pool when it is empty, and is closed when bytes are left in
// it: they must never come out in another connection.
class Pipe {
 public:
  static constexpr std::size_t kSize = 1 << 20;

  Pipe() = default;
  Pipe(Pipe&& other) noexcept;
  Pipe& operator=(Pipe&& other) noexcept;
  ~Pipe() { give_up(); }

  bool is_open() const { return read_fd_ >= 0; }
  std::size_t bytes() const { return bytes_; }

  // Move bytes without copying. Filling stops at `most` or when the pipe's slots are full, so a short one says nothing
  // about the socket; draining goes on until the pipe is empty or the socket takes no more.
  IoResult fill_from(int fd, std::size_t most);
  IoResult drain_to(int fd);

  void give_up();  // idempotent

 private:
  friend class PipePool;
  Pipe(int read_fd, int write_fd) : read_fd_(read_fd), write_fd_(write_fd) {}
  int read_fd_ = -1;
  int write_fd_ = -1;
  std::uint32_t bytes_ = 0;
};

class PipePool {
 public:
  static constexpr std::size_t kMost = 24;

  static PipePool& shared();
  Pipe take();         // none when all are lent or the kernel gives no more
  std::size_t made();  // pipes that exist, lent ones included

 private:
  friend class Pipe;
  PipePool();
  void give_back(int read_fd, int write_fd, bool empty);

  struct Ends {
    int read_fd;
    int write_fd;
  };
  std::mutex mutex_;  // guards the rest
  std::vector<Ends> idle_;
  std::size_t made_ = 0;
};

}  // namespace tandem::net
