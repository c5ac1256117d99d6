// The last connections of a worker that failed for a server's or lb's own sake: what GET /errors tells. Bounded; owned
// by the worker, used on its thread; the control thread asks the worker for a copy.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/observe/recent.h"
#include "lb/access_log.h"

namespace tandem::lb {

struct FailedConnection {
  WallTime ended{};
  std::string id, client, listener, upstream, server;
  std::string_view end;  // a literal
  std::uint32_t attempts = 0;
  std::optional<Duration> connect, first_byte;
  Duration duration{};
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

class FailedConnections {
 public:
  static constexpr std::size_t kKept = 64;

  // `record` tells of one, `end` is a literal. Of a flood a sample is kept.
  void add(const AccessRecord& record, Instant at);
  const std::vector<FailedConnection>& all() const { return ring_.all(); }

 private:
  observe::RecentRing<FailedConnection> ring_{kKept, std::chrono::milliseconds(1)};
};

// An array of them with the access log's names, the newest first, at most so many.
void write_failed(JsonWriter& json, std::vector<FailedConnection> failed, std::size_t most);

}  // namespace tandem::lb
