#include "gateway/requests_admin.h"

#include <vector>

#include "common/observe/admin_path.h"
#include "gateway/worker.h"

namespace tandem::gateway {
namespace {

using observe::AdminRequest;
using observe::AdminResponse;
using process::WorkerPool;

constexpr std::uint64_t kUsual = 50;
constexpr std::uint64_t kMost = 1000;

RecentRequests::Told ask(WorkerPool& workers, std::size_t most) {
  const Instant at = now();
  std::vector<RecentRequests::Told> of_worker(workers.size());
  workers.run_on_each([&](unsigned index, process::WorkerProgram& worker) {
    static_cast<Worker&>(worker).context().recent.tell(of_worker[index], at);
  });
  RecentRequests::Told all;
  for (RecentRequests::Told& one : of_worker) {
    const auto move_to = [](std::vector<RecentRequest>& from, std::vector<RecentRequest>& to) {
      to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    move_to(one.newest, all.newest);
    move_to(one.slowest, all.slowest);
    move_to(one.failed, all.failed);
  }
  all.sort_and_cut(most);
  return all;
}

// Calls `write` with how many are wanted, or refuses the query.
template <class Write>
AdminResponse answer(const AdminRequest& request, Write write) {
  const auto limit = observe::admin_query_number(request.query, "limit", kUsual, {1, kMost});
  if (!limit) return observe::admin_problem(400, "bad_request", "the query may be limit=N, a number from 1 to 1000");
  AdminResponse response{.content_type = "application/json"};
  JsonWriter json(response.body);
  write(json, static_cast<std::size_t>(*limit));
  response.body += '\n';
  return response;
}

}  // namespace

AdminResponse tell_requests(WorkerPool& workers, const AdminRequest& request) {
  return answer(request, [&workers](JsonWriter& json, std::size_t most) {
    const RecentRequests::Told told = ask(workers, most);
    json.begin_object().member("open", workers.active()).key("newest");
    write_requests(json, told.newest);
    json.key("slowest");
    write_requests(json, told.slowest);
    json.end_object();
  });
}

AdminResponse tell_errors(WorkerPool& workers, const AdminRequest& request) {
  return answer(request, [&workers](JsonWriter& json, std::size_t most) {
    json.begin_object().key("errors");
    write_requests(json, ask(workers, most).failed);
    json.end_object();
  });
}

AdminResponse tell_consumers(WorkerPool& workers, const AdminRequest& request) {
  return answer(request, [&workers](JsonWriter& json, std::size_t most) {
    const Instant at = now();
    std::vector<ConsumerCounts::Told> of_worker(workers.size());
    workers.run_on_each([&](unsigned index, process::WorkerProgram& worker) {
      static_cast<Worker&>(worker).context().consumers.tell(of_worker[index], at);
    });
    ConsumerCounts::Told all;
    for (const ConsumerCounts::Told& one : of_worker) {
      for (const auto& [key, count] : one.table) all.table[key].add(count);
      all.others.add(one.others);
      all.since = std::min(all.since, one.since);
    }
    all.write(json, at, most);
  });
}

}  // namespace tandem::gateway
