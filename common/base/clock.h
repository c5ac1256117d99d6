// Time. Everything that waits uses the monotonic clock, so that steps of the wall clock change nothing; the wall clock
// is for logs and HTTP dates only. Durations are std::chrono types, never bare integers.
#pragma once
#include <chrono>
#include <string>

namespace tandem {

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

inline constexpr Duration kNever = Duration::max();     // the duration that a configured "none" becomes
inline constexpr Instant kNoDeadline = Instant::max();  // the instant that never comes

inline Instant now() { return std::chrono::steady_clock::now(); }
inline WallTime wall_now() { return std::chrono::system_clock::now(); }

// `start + after`, saturating: kNever gives kNoDeadline.
inline Instant deadline_after(Instant start, Duration after) {
  return after == kNever || start > kNoDeadline - after ? kNoDeadline : start + after;
}

inline double to_milliseconds(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
inline double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// "2026-11-24T03:31:56.123Z" (RFC 3339, UTC, milliseconds): what logs carry.
std::string to_rfc3339(WallTime time);

// "Tue, 24 Nov 2026 03:31:56 GMT" (RFC 9110 §5.6.7): what `Date` carries.
std::string to_http_date(WallTime time);

}  // namespace tandem
