// The `process_*` metrics that every Prometheus client library has, read from the kernel when asked. Stateless; any
// thread.
#pragma once
#include <cstdint>

namespace tandem::observe {

class MetricSamples;

// Tells CPU seconds, resident and virtual memory, open and possible descriptors, and the start time; leaves out what
// the kernel does not show.
void collect_process_metrics(MetricSamples& samples);

// Resident memory; 0 where the kernel does not show it.
std::uint64_t resident_bytes();

}  // namespace tandem::observe
