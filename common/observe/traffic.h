// What a program counts, asked once a second by the control thread for the history and for the member "traffic" of
// /status. Each program has one of its own; made by main, used on the control thread.
#pragma once
#include <cstdint>

#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/observe/history.h"

namespace tandem::observe {

class TrafficSource {
 public:
  virtual ~TrafficSource() = default;

  // Looks at the counters: must cost little however many routes and servers there are.
  virtual Totals sample(Instant at) = 0;

  // Further members of "traffic", an object that is open; of what the last samples showed. Bounded, however many routes
  // there are.
  virtual void write(JsonWriter& json) const = 0;
};

}  // namespace tandem::observe
