// Limits that the system sets to a process.
#pragma once
#include <cstdint>

namespace tandem::process {

// Raises the soft limit of open files to the hard one and gives it. Warns when it cannot suffice for
// `max_connections` connections with `per_connection` descriptors each (a bounded number only).
std::uint64_t raise_descriptor_limit(std::uint64_t max_connections, unsigned per_connection);

// How many connections `descriptors` suffice for, some being kept back for listeners, logs, checks, pipes and admin.
std::uint64_t connections_within(std::uint64_t descriptors, unsigned per_connection);

// CPUs that this process may use: the default number of workers.
unsigned usable_cpus();

// How many connections the process may have: `wanted`, or fewer where descriptors do not suffice. Raises the limit of
// open files for them first.
std::uint32_t connection_limit(std::uint32_t wanted, unsigned descriptors_per_connection);

}  // namespace tandem::process
