#include "common/observe/log_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::observe;
using namespace std::chrono_literals;

namespace {

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/tandem-log-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return path + "/" + name; }
};

std::string content(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

// Options whose counter no other test shares.
LogSink::Options options(const char* test) {
  return {.dropped = Counters::counter("test_log_lines_dropped_total", "", {{"test", test}}), .on_lost = nullptr};
}

// A named pipe with a reader that reads nothing until asked.
struct StuckPipe {
  int reader;
  explicit StuckPipe(const std::string& path) {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~StuckPipe() { leave(); }
  void leave() {
    if (reader >= 0) ::close(std::exchange(reader, -1));
  }
  std::size_t read_all() const {
    char bytes[65536];
    std::size_t total = 0;
    for (long n; (n = ::read(reader, bytes, sizeof bytes)) > 0;) total += static_cast<std::size_t>(n);
    return total;
  }
};

}  // namespace

TEST_CASE("log sink: lines of several threads all arrive, each whole") {
  const Folder folder;
  LogSink sink(options("threads"));
  REQUIRE(sink.redirect(folder.file("log")));
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&sink, t] {
        LogBuffer buffer(sink);
        const std::string line = std::string(99, static_cast<char>('a' + t)) + "\n";
        for (int i = 0; i < 2000; ++i) buffer.write(line);
      });
    }
  }
  REQUIRE(sink.flush(10s));
  std::istringstream lines(content(folder.file("log")));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) REQUIRE(line == std::string(99, line[0]));
  CHECK(count == 8000);
}

TEST_CASE("log sink: off takes lines and writes nothing") {
  LogSink sink(options("off"));
  LogBuffer buffer(sink);
  CHECK(sink.is_off());
  buffer.write("nobody reads this\n");
  CHECK(sink.flush(10s));
}

TEST_CASE("log sink: a file that cannot be opened is an error that names it, and the old one stays") {
  const Folder folder;
  LogSink sink(options("open"));
  LogBuffer buffer(sink);
  REQUIRE(sink.redirect(folder.file("log")));
  const auto refused = sink.redirect(folder.file("none/log"));
  REQUIRE(!refused);
  CHECK(refused.error().detail.find("none/log: no such file") != std::string::npos);
  buffer.write("still here\n");
  REQUIRE(sink.flush(10s));
  CHECK(content(folder.file("log")) == "still here\n");
}

TEST_CASE("log sink: reopening after a rename writes earlier lines to the old file and later ones to the new") {
  const Folder folder;
  LogSink sink(options("reopen"));
  LogBuffer buffer(sink);
  REQUIRE(sink.redirect(folder.file("log")));
  buffer.write("one\n");
  std::filesystem::rename(folder.file("log"), folder.file("log.1"));
  REQUIRE(sink.redirect(folder.file("log")));
  REQUIRE(sink.flush(10s));
  buffer.write("two\n");
  REQUIRE(sink.flush(10s));
  CHECK(content(folder.file("log.1")) == "one\n");
  CHECK(content(folder.file("log")) == "two\n");
}

TEST_CASE("log sink: a stuck pipe holds up nobody, memory stays bounded and lost lines are counted") {
  const Folder folder;
  const StuckPipe pipe(folder.file("pipe"));
  auto o = options("stuck");
  o.bound = 256 << 10;
  LogSink sink(o);
  LogBuffer buffer(sink);
  REQUIRE(sink.redirect(folder.file("pipe")));
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 10000; ++i) buffer.write(line);
  CHECK(!sink.flush(1ms));
  CHECK(o.dropped.value() > 9000);

  SUBCASE("what was kept arrives when the reader reads again, without a torn line") {
    std::size_t arrived = 0;
    for (int i = 0; i < 1000 && !sink.flush(10ms); ++i) arrived += pipe.read_all();
    arrived += pipe.read_all();
    CHECK(arrived == (10000 - o.dropped.value()) * line.size());
  }
  SUBCASE("closing gives up in time") {
    sink.close(1ms);
    CHECK(o.dropped.value() > 9500);
  }
  SUBCASE("another destination takes over") {
    REQUIRE(sink.redirect(folder.file("log")));
    REQUIRE(sink.flush(10s));
    buffer.write("after\n");
    REQUIRE(sink.flush(10s));
    CHECK(content(folder.file("log")).ends_with("after\n"));
  }
}

TEST_CASE("log sink: a reader that left costs lines, not the process") {
  const Folder folder;
  StuckPipe pipe(folder.file("pipe"));
  const auto o = options("left");
  LogSink sink(o);
  LogBuffer buffer(sink);
  REQUIRE(sink.redirect(folder.file("pipe")));
  pipe.leave();
  buffer.write("lost\n");
  buffer.write("lost too\n");
  REQUIRE(sink.flush(10s));
  CHECK(o.dropped.value() == 2);
}

TEST_CASE("log sink: a full disk costs lines and says so") {
  static std::string said;
  auto o = options("full");
  o.on_lost = [](const LostLines& lost) {
    said = std::to_string(lost.count) + " " + lost.why;
    return true;
  };
  LogSink sink(o);
  LogBuffer buffer(sink);
  REQUIRE(sink.redirect("/dev/full"));
  buffer.write("a\n");
  buffer.write("b\n");
  REQUIRE(sink.flush(10s));
  CHECK(o.dropped.value() == 2);
  CHECK(said == "2 /dev/full: no space left on device");
}
