#include "common/balance/ejection.h"

#include <algorithm>

namespace tandem::balance {

EjectionVerdict judge_ejection(const EjectOptions& options, const EjectionCounts& counts) {
  if (counts.tripped >= 2 && counts.tripped * 2 >= counts.servers) return EjectionVerdict::half_fails;
  if (counts.others_available == 0) return EjectionVerdict::none_beside;
  const auto share = static_cast<std::size_t>(options.max_share * static_cast<double>(counts.servers));
  if (counts.ejected + 1 > std::max<std::size_t>(share, 1)) return EjectionVerdict::too_many;
  return EjectionVerdict::eject;
}

Duration begin_ejection(const EjectOptions& options, EjectionRecord& record, Instant now) {
  if (record.in_a_row > 0 && now - record.until > options.duration * record.in_a_row) record.in_a_row = 0;
  record.in_a_row = std::min(record.in_a_row + 1, kMaxEjectionGrowth);
  const Duration length = options.duration * record.in_a_row;
  record.until = now + length;
  return length;
}

}  // namespace tandem::balance
