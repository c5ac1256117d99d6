// What the exchanges of one worker share: its connections to the servers, its counters, its access log and traces, and
// what it remembers of requests. Owned by the worker, used on its thread only.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/async/task_group.h"
#include "common/base/clock.h"
#include "common/http/connection_pool.h"
#include "gateway/access_log.h"
#include "gateway/config.h"
#include "gateway/consumer_counts.h"
#include "gateway/metrics.h"
#include "gateway/recent_requests.h"
#include "gateway/redis/client.h"
#include "gateway/trace/tracer.h"

namespace tandem::balance {
class Server;
}

namespace tandem::gateway {

struct WorkerContext {
  WorkerContext(observe::LogSink& sink, SpanQueue& span_queue) : access_log(sink), tracer(span_queue) {}

  // The idle connections to `server`; of one that is in no configuration any more none are kept. Not to be held over a
  // wait: a reload may end it.
  http::ConnectionPool& pool(const balance::Server& server) {
    const auto found = pools.find(&server);
    return found == pools.end() ? no_pool : *found->second;
  }

  // One for each server of the present generation, which keeps the servers.
  std::unordered_map<const balance::Server*, std::unique_ptr<http::ConnectionPool>> pools;
  // Null: no configuration names it any more.
  std::shared_ptr<redis::Client> redis_client(const std::string& name) const {
    const auto found = redis_clients.find(name);
    return found == redis_clients.end() ? nullptr : found->second;
  }
  std::map<std::string, std::shared_ptr<redis::Client>> redis_clients;  // of the present generation
  http::ConnectionPool no_pool{0, Duration::zero()};
  AccessLog access_log;
  Tracer tracer;
  async::TaskGroup* background = nullptr;  // the worker's: for what no exchange waits for
  std::string query_text;                  // of the line that is being written
  RequestMetrics metrics;
  // Somebody may ask for the next two.
  void remember() {
    remembers = true;
    tracer.note_always();
  }
  bool remembers = false;
  RecentRequests recent;
  ConsumerCounts consumers;
  // The value of `Date` now, made anew once a second. Valid until the next call.
  std::string_view date() {
    const WallTime time = std::chrono::floor<std::chrono::seconds>(wall_now());
    if (time != date_time_) {
      date_time_ = time;
      date_ = to_http_date(time);
    }
    return date_;
  }

 private:
  WallTime date_time_{};
  std::string date_;
};

}  // namespace tandem::gateway
