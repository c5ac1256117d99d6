#include "common/observe/process_metrics.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

#include "common/base/clock.h"
#include "common/observe/metrics_text.h"

namespace tandem::observe {
namespace {

double clock_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Memory {
  std::uint64_t all = 0;  // bytes
  std::uint64_t resident = 0;
};

std::optional<Memory> memory() {
  Memory pages;
  if (!(std::ifstream("/proc/self/statm") >> pages.all >> pages.resident)) return std::nullopt;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return Memory{pages.all * page, pages.resident * page};
}

void collect_memory(MetricSamples& samples) {
  const auto now = memory();
  if (!now) return;
  samples.gauge("process_resident_memory_bytes", "Resident memory.", {}, static_cast<double>(now->resident));
  samples.gauge("process_virtual_memory_bytes", "Virtual memory.", {}, static_cast<double>(now->all));
}

// Linux 6.2 and later give the number as the folder's size; before, it is counted.
std::optional<double> open_descriptors() {
  struct stat status{};
  if (::stat("/proc/self/fd", &status) == 0 && status.st_size > 0) return static_cast<double>(status.st_size);
  std::error_code error;
  double count = -1;  // the descriptor that reads the folder
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error); !error && it != decltype(it)();
       it.increment(error)) {
    ++count;
  }
  if (error) return std::nullopt;
  return count;
}

void collect_descriptors(MetricSamples& samples) {
  if (const auto open = open_descriptors()) samples.gauge("process_open_fds", "Open file descriptors.", {}, *open);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const double most =
      limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity() : static_cast<double>(limit.rlim_cur);
  samples.gauge("process_max_fds", "The most file descriptors that may be open.", {}, most);
}

// The start in seconds since boot: field 22 of /proc/self/stat; the second field may hold spaces, in parentheses.
std::optional<double> started_after_boot() {
  std::string text;
  std::getline(std::ifstream("/proc/self/stat"), text);
  const auto behind_name = text.rfind(')');
  if (behind_name == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(behind_name + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) {
    if (!(rest >> field)) return std::nullopt;
  }
  return std::stod(field) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

std::uint64_t resident_bytes() { return memory().value_or(Memory{}).resident; }

void collect_process_metrics(MetricSamples& samples) {
  samples.counter("process_cpu_seconds_total", "User and system CPU time.", {},
                  clock_seconds(CLOCK_PROCESS_CPUTIME_ID));
  collect_memory(samples);
  collect_descriptors(samples);
  if (const auto started = started_after_boot()) {
    const double booted = clock_seconds(CLOCK_REALTIME) - clock_seconds(CLOCK_BOOTTIME);
    samples.gauge("process_start_time_seconds", "Start of the process, in seconds since the epoch.", {},
                  booted + *started);
  }
}

}  // namespace tandem::observe
