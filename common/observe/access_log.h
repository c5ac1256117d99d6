// What the access logs of both programs have in common: how their sink behaves. The records are each program's own
// (lb/access_log.h, gateway/access_log.h); a worker has a LogBuffer on this sink and builds its lines with LogLine.
#pragma once
#include <string_view>

#include "common/observe/log_sink.h"

namespace tandem::observe {

// Lines wait at most 100 ms; at most 8 MiB are held; lost lines are counted in `<program>_log_lines_dropped_total` and
// said in the process log.
LogSink::Options access_log_options(std::string_view program);

}  // namespace tandem::observe
