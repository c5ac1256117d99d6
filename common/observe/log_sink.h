// Where log lines end: one destination, one thread that writes to it. Whoever logs puts whole lines into a LogBuffer
// (each worker has its own) and goes on: a full disk, a stuck pipe or a reader that left costs lines, which are
// counted, never time and never more memory than the bound. The sink belongs to main and outlives all its buffers.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/counters.h"
#include "common/base/error.h"

namespace tandem::observe {

struct LostLines {
  std::uint64_t count;  // since this was last said
  std::string why;
  bool writable;  // the destination took something in the last round
};

class LogSink {
 public:
  struct Options {
    Duration gather = std::chrono::milliseconds(100);  // how long lines may wait for more to be written with them
    std::size_t bound = 8 << 20;                       // bytes held at most, beside 64 KiB in each buffer
    Counter dropped;
    // Called on the writing thread at most once a second while lines are lost; false: say it again later.
    bool (*on_lost)(const LostLines&) = nullptr;
  };

  explicit LogSink(Options options);  // goes nowhere ("off") until redirect()
  ~LogSink();                         // close() within a second
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // Takes "off", "stdout", "stderr" or a file's path (appended to, made with mode 0640; a named pipe needs a reader).
  // What was logged before still goes to the old destination, and this waits for that, unless it is stuck. On an error
  // the old one stays. Called again with the same path it reopens the file, which is how log rotation works.
  Result<> redirect(std::string_view target);
  bool is_off() const;

  // Waits until everything logged before has been written or given up; false when `timeout` passes first.
  bool flush(Duration timeout);
  // Writes what is left within `timeout`, then ends; a thread stuck in the kernel is left behind. Any number of times.
  void close(Duration timeout);

 private:
  friend class LogBuffer;
  struct Core;
  std::shared_ptr<Core> core_;  // shared with the writing thread alone, which may have to be left behind
};

// The lines of one thread, or of several that log seldom, until the sink fetches them. Callable from every thread.
class LogBuffer {
 public:
  explicit LogBuffer(LogSink& sink);
  ~LogBuffer();  // hands over what is left
  LogBuffer(const LogBuffer&) = delete;
  LogBuffer& operator=(const LogBuffer&) = delete;

  void write(std::string_view line);  // one whole line with its newline; copied

 private:
  friend class LogSink;
  struct Chunk {
    std::string bytes;
    std::uint32_t lines = 0;
  };
  Chunk take(std::string next);  // `next` is empty: memory for the lines to come

  LogSink::Core& sink_;
  std::mutex mutex_;
  Chunk chunk_;  // guarded by mutex_
};

}  // namespace tandem::observe
