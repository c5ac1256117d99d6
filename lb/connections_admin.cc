#include "lb/connections_admin.h"

#include <vector>

#include "common/observe/admin_path.h"
#include "lb/open_connections.h"
#include "lb/worker.h"

namespace tandem::lb {
namespace {

// Calls `write` with how many are wanted, or refuses the query.
template <class Write>
observe::AdminResponse answer(const observe::AdminRequest& request, Write write) {
  constexpr std::uint64_t kUsual = 50;
  const auto limit = observe::admin_query_number(request.query, "limit", kUsual, {1, OpenConnections::kMost});
  if (!limit) return observe::admin_problem(400, "bad_request", "the query may be limit=N, a number from 1 to 1000");
  observe::AdminResponse response{.content_type = "application/json"};
  JsonWriter json(response.body);
  write(json, static_cast<std::size_t>(*limit));
  response.body += '\n';
  return response;
}

}  // namespace

observe::AdminResponse tell_connections(process::WorkerPool& workers, const observe::AdminRequest& request) {
  return answer(request, [&workers](JsonWriter& json, std::size_t limit) {
    const Instant at = now();
    std::vector<OpenConnections> told(workers.size(), OpenConnections(limit, at));
    workers.run_on_each([&told](unsigned index, process::WorkerProgram& worker) {
      static_cast<const Worker&>(worker).tell(told[index]);
    });
    OpenConnections all(limit, at);
    for (const auto& of_worker : told) all.add_all(of_worker);
    all.write(json, workers.active());
  });
}

observe::AdminResponse tell_errors(process::WorkerPool& workers, const observe::AdminRequest& request) {
  return answer(request, [&workers](JsonWriter& json, std::size_t limit) {
    std::vector<std::vector<FailedConnection>> told(workers.size());
    workers.run_on_each([&told](unsigned index, process::WorkerProgram& worker) {
      told[index] = static_cast<Worker&>(worker).failed().all();
    });
    std::vector<FailedConnection> all;
    for (const auto& of_worker : told) all.insert(all.end(), of_worker.begin(), of_worker.end());
    json.begin_object().key("errors");
    write_failed(json, std::move(all), limit);
    json.end_object();
  });
}

}  // namespace tandem::lb
