#include "common/process/limits.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

#include "common/balance/options.h"
#include "common/base/log.h"

namespace tandem::process {
namespace {
constexpr std::uint64_t kReserve = 128;  // listeners, logs, checks, pipes, admin
}

std::uint64_t connections_within(std::uint64_t descriptors, unsigned per_connection) {
  return (descriptors - std::min(kReserve, descriptors / 2)) / per_connection;
}

std::uint64_t raise_descriptor_limit(std::uint64_t max_connections, unsigned per_connection) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  const bool bounded = max_connections != balance::kUnlimited;
  if (bounded && limit.rlim_cur < max_connections * per_connection + kReserve) {
    log_warn("the limit of open files ({}) does not suffice for max_connections = {}: {} are needed", limit.rlim_cur,
             max_connections, max_connections * per_connection + kReserve);
  }
  return limit.rlim_cur;
}

unsigned usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

std::uint32_t connection_limit(std::uint32_t wanted, unsigned descriptors_per_connection) {
  const std::uint64_t descriptors = raise_descriptor_limit(wanted, descriptors_per_connection);
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(wanted, connections_within(descriptors, descriptors_per_connection)));
}

}  // namespace tandem::process
