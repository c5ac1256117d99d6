#include "common/observe/access_log.h"

#include "common/base/log.h"

namespace tandem::observe {
namespace {
bool say_lost(const LostLines& lost) {
  log_warn("access log: {} lines were lost: {}", lost.count, lost.why);
  return true;
}
}  // namespace

LogSink::Options access_log_options(std::string_view program) {
  return {
      .dropped = Counters::counter(std::string(program) + "_log_lines_dropped_total",
                                   "Log lines lost because their destination did not take them.", {{"log", "access"}}),
      .on_lost = say_lost};
}

}  // namespace tandem::observe
