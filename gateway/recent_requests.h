// The requests that a worker remembers for GET /requests and GET /errors: the newest, the slowest of the last minutes,
// and those that failed, with what was done for each and how long it took. Owned by the worker, used on its thread; the
// control thread asks the worker for a copy. Bounded, whatever clients send. Nothing that a client may mean to keep
// secret stands in it, as in the access log.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/observe/recent.h"
#include "gateway/trace/span.h"

namespace tandem::gateway {

struct AccessRecord;

// One span of the request, from its beginning on.
struct RequestStep {
  SpanKind kind{};
  std::string name;         // the upstream, cache, provider or part
  std::string part;         // of an aggregate, that it was done for; empty: for the request itself
  std::string server;       // attempt
  std::string_view result;  // literals
  std::string_view error;
  std::uint16_t status = 0;  // 0: none came
  Duration begin{};
  Duration end{};
  std::optional<Duration> picked, connected, answered;  // attempt; connected: only where a connection was made
};

struct RecentRequest {
  WallTime ended{};
  Duration duration{};
  std::string id, trace, client, method, host, path, route, reason, upstream, server, cache, consumer;
  std::optional<std::uint16_t> status;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint32_t attempts = 0;
  std::vector<RequestStep> steps;
};

class RecentRequests {
 public:
  static constexpr std::size_t kKept = 64;  // of each kind
  static constexpr std::size_t kMostSteps = 16;

  // Whether one that has ended now is to be kept. It moves on with the time.
  bool wants(Duration took, bool failed, Instant at);
  // To be called for such a one. `spans`: what was done for it since `began`.
  void keep(const AccessRecord& record, const SpanList& spans, Instant began, Instant at);

  // What several workers remember, put together.
  struct Told {
    std::vector<RecentRequest> newest, slowest, failed;
    void sort_and_cut(std::size_t most);
  };
  void tell(Told& to, Instant at) const;

 private:
  bool is_new_ = false;  // what wants() has found
  bool is_slow_ = false;
  bool has_failed_ = false;
  observe::RecentRing<RecentRequest> newest_{kKept, std::chrono::milliseconds(1)};
  observe::RecentRing<RecentRequest> failed_{kKept, std::chrono::milliseconds(1)};
  observe::SlowestOf<RecentRequest> slowest_{kKept, std::chrono::minutes(5)};
};

// An array of them. Each has, beside the access log's fields, "phases": {"queue_ms", "auth_ms", "limit_ms", "cache_ms",
// "connect_ms", "first_byte_ms", "body_ms"}, all attempts together, null where there was none of it; cache_ms without
// what the cache itself asked for; and "steps": in the order in which they began, with "at_ms" from the request's head,
// and with the "part" of an aggregate that they belong to.
void write_requests(JsonWriter& json, const std::vector<RecentRequest>& requests);

}  // namespace tandem::gateway
