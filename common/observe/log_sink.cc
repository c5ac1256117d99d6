#include "common/observe/log_sink.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "common/observe/log_file.h"

namespace tandem::observe {
namespace {
using namespace std::chrono_literals;
constexpr std::size_t kChunkBytes = 64 << 10;  // a buffer of this size is handed over without waiting for the sweep
constexpr std::size_t kSpares = 8;             // empty strings kept for the next chunks: fresh memory costs page faults
constexpr Duration kStuckBeforeSwitch = 1s;    // how long a stuck destination may hold up the one that replaces it
constexpr Duration kBetweenReports = 1s;
constexpr int kNice = 5;

// Of the thread that calls: where a worker needs the processor too, the worker goes first, so that no request waits
// while lines are written. What both need in the long run is a third of the processor for this one at most.
void give_way() {
  const sched_param none{};
  (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}
}  // namespace

struct LogSink::Core {
  using Chunk = LogBuffer::Chunk;

  explicit Core(Options o) : options(std::move(o)) {}

  // Gives an empty string for the next lines in exchange.
  std::string enqueue(Chunk chunk) {
    std::unique_lock lock(mutex);
    if (stop || held + chunk.bytes.size() > options.bound) {
      lock.unlock();
      lose(chunk.lines);
      chunk.bytes.clear();
      return std::move(chunk.bytes);
    }
    held += chunk.bytes.size();
    queue.push_back(std::move(chunk));
    work.notify_one();
    return spare();
  }

  std::string spare() {
    if (spares.empty()) return {};
    std::string last = std::move(spares.back());
    spares.pop_back();
    return last;
  }

  void wake() {
    const std::scoped_lock lock(mutex);
    pending = true;
    work.notify_one();
  }

  void lose(std::uint64_t lines) {
    options.dropped.add(lines);
    lost.fetch_add(lines, std::memory_order_relaxed);
  }

  bool hurried() const { return stop || flushes > flushed || held >= kChunkBytes || next_file; }
  bool busy() const { return pending || !queue.empty() || hurried(); }

  // Moves everything that waits in buffers and in the queue into one batch.
  std::vector<Chunk> sweep() {
    pending = false;
    std::vector<Chunk> batch = std::exchange(queue, {});
    for (LogBuffer* buffer : buffers) {
      Chunk chunk = buffer->take(spare());
      held += chunk.bytes.size();
      if (chunk.lines) batch.push_back(std::move(chunk));
    }
    return batch;
  }

  bool give_up(Instant started) {
    const std::scoped_lock lock(mutex);
    return now() >= give_up_at || (next_file && now() - started > kStuckBeforeSwitch);
  }

  // What was logged before it goes to the old file, what comes after to the new one.
  void replace_file(LogFile next) {
    queue = sweep();
    pending = !queue.empty();
    before_switch = queue.size();
    next_file = std::move(next);
    work.notify_one();
  }

  void write(std::span<Chunk> batch) {
    const Instant started = now();
    bool given_up = false;
    for (Chunk& chunk : batch) {
      LogFile::Written written{.bytes = 0, .error = ETIMEDOUT};
      if (!given_up) written = file.write(chunk.bytes, [this, started] { return give_up(started); });
      given_up = written.error == ETIMEDOUT;
      writable = written.error == 0;
      if (!writable) {
        why = given_up ? "it takes nothing" : errno_text(written.error);
        const auto rest = std::string_view(chunk.bytes).substr(written.bytes);
        lose(static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n')));
      }
      const std::scoped_lock lock(mutex);
      held -= chunk.bytes.size();
      if (spares.size() == kSpares) continue;
      chunk.bytes.clear();
      spares.push_back(std::move(chunk.bytes));
    }
  }

  void report_lost() {
    const auto count = lost.load(std::memory_order_relaxed);
    report_later = count > 0 && now() - reported < kBetweenReports;
    if (count == 0 || report_later || !options.on_lost) return;
    reported = now();
    const std::string reason = why.empty() ? "it takes lines too slowly" : why;
    if (options.on_lost({count, file.target() + ": " + reason, writable})) lost.fetch_sub(count);
    if (writable) why.clear();
  }

  void switch_file(std::unique_lock<std::mutex>& lock) {
    if (!next_file) return;
    std::optional<LogFile> old = std::exchange(next_file, std::nullopt);
    std::swap(file, *old);
    lock.unlock();  // closing may take time
    old.reset();
    lock.lock();
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      if (report_later)
        work.wait_for(lock, kBetweenReports, [this] { return busy(); });
      else
        work.wait(lock, [this] { return busy(); });
      if (options.gather > 0ns) work.wait_for(lock, options.gather, [this] { return hurried(); });
      const bool last = stop;
      const std::uint64_t asked = flushes;
      std::vector<Chunk> batch = sweep();
      const std::size_t to_old = next_file ? std::exchange(before_switch, 0) : 0;
      if (next_file) {
        lock.unlock();
        write(std::span(batch).first(to_old));
        lock.lock();
        switch_file(lock);
        idle.notify_all();
      }
      lock.unlock();
      write(std::span(batch).subspan(to_old));
      report_lost();
      lock.lock();
      flushed = asked;
      idle.notify_all();
      if (last) break;
    }
    ended = true;
    idle.notify_all();
  }

  const Options options;

  std::mutex mutex;
  std::condition_variable work, idle;
  // Guarded by the mutex.
  std::vector<LogBuffer*> buffers;
  std::vector<Chunk> queue;
  std::vector<std::string> spares;
  std::size_t held = 0;  // bytes in the queue and in the batch that is being written
  bool pending = false;  // a buffer has got its first line
  std::optional<LogFile> next_file;
  std::size_t before_switch = 0;  // how many of the queue's first chunks are for the file before it
  std::uint64_t flushes = 0, flushed = 0;
  bool stop = false, ended = false;
  Instant give_up_at = kNoDeadline;

  std::atomic<bool> off = true;
  std::atomic<std::uint64_t> lost = 0;

  // The writing thread's own.
  LogFile file;
  std::string why;
  bool writable = true;
  bool report_later = false;  // lines were lost right after a report
  Instant reported{};
  std::thread thread;  // main's
};

LogSink::LogSink(Options options) : core_(std::make_shared<Core>(std::move(options))) {
  // Signals belong to the control thread; with SIGPIPE blocked here, a reader that left is an error of write().
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  core_->thread = std::thread([core = core_] {
    give_way();
    core->run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(core_->thread.native_handle(), "log");
}

LogSink::~LogSink() { close(1s); }

Result<> LogSink::redirect(std::string_view target) {
  auto file = LogFile::open(target);
  if (!file) return std::unexpected(file.error());
  std::unique_lock lock(core_->mutex);
  core_->off.store(file->is_off(), std::memory_order_relaxed);
  core_->replace_file(std::move(*file));
  core_->idle.wait_for(lock, 2 * kStuckBeforeSwitch, [this] { return !core_->next_file || core_->ended; });
  return {};
}

bool LogSink::is_off() const { return core_->off.load(std::memory_order_relaxed); }

bool LogSink::flush(Duration timeout) {
  std::unique_lock lock(core_->mutex);
  const std::uint64_t ticket = ++core_->flushes;
  core_->work.notify_one();
  return core_->idle.wait_for(lock, timeout, [&] { return core_->flushed >= ticket || core_->ended; });
}

void LogSink::close(Duration timeout) {
  if (!core_->thread.joinable()) return;
  std::unique_lock lock(core_->mutex);
  core_->stop = true;
  core_->give_up_at = deadline_after(now(), timeout);
  core_->work.notify_one();
  // Asking goes in steps of 100 ms: a thread that is only waiting for a pipe ends within one after its time.
  const bool ended = core_->idle.wait_for(lock, timeout + 500ms, [this] { return core_->ended; });
  lock.unlock();
  if (ended)
    core_->thread.join();
  else
    core_->thread.detach();
}

LogBuffer::LogBuffer(LogSink& sink) : sink_(*sink.core_) {
  const std::scoped_lock lock(sink_.mutex);
  sink_.buffers.push_back(this);
}

LogBuffer::~LogBuffer() {
  {
    const std::scoped_lock lock(sink_.mutex);
    std::erase(sink_.buffers, this);
  }
  if (Chunk rest = take({}); rest.lines) sink_.enqueue(std::move(rest));
}

LogBuffer::Chunk LogBuffer::take(std::string next) {
  const std::scoped_lock lock(mutex_);
  return std::exchange(chunk_, {.bytes = std::move(next), .lines = 0});
}

void LogBuffer::write(std::string_view line) {
  if (sink_.off.load(std::memory_order_relaxed)) return;
  Chunk full;
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = chunk_.bytes.empty();
    chunk_.bytes += line;
    ++chunk_.lines;
    if (chunk_.bytes.size() >= kChunkBytes) full = std::exchange(chunk_, {});
  }
  if (full.lines == 0) {
    if (first) sink_.wake();
    return;
  }
  std::string next = sink_.enqueue(std::move(full));
  const std::scoped_lock lock(mutex_);
  if (chunk_.lines == 0 && chunk_.bytes.capacity() < next.capacity()) chunk_.bytes = std::move(next);
}

}  // namespace tandem::observe
