#include "common/process/sampler.h"

#include "common/async/scheduler.h"
#include "common/observe/admin_path.h"

namespace tandem::process {
namespace {

using namespace std::chrono_literals;
constexpr Duration kSpan = 3s;  // the rates are of one to two of these

// The places of totals in their window; the buckets of response times follow.
enum Place : std::uint8_t { kHandled, kErrors, kRefused, kBuckets };

std::string server_key(std::string_view upstream, std::string_view server) {
  return std::string(upstream) + '\n' + std::string(server);
}

std::string server_of(const Labels& labels) {
  return server_key(observe::label_value(labels, "upstream"), observe::label_value(labels, "server"));
}

std::vector<std::uint64_t> as_list(const observe::Totals& totals) {
  std::vector<std::uint64_t> list = {totals.handled, totals.errors, totals.refused};
  list.insert(list.end(), totals.buckets.begin(), totals.buckets.end());
  return list;
}

}  // namespace

Sampler::Sampler(const std::string& program, observe::TrafficSource& source, Upstreams upstreams)
    : Timer(&Sampler::fired),
      source_(source),
      upstreams_(std::move(upstreams)),
      picks_(program + "_picks_total", server_of),
      picked_(kSpan, now()),
      totals_(kSpan, now()) {}

void Sampler::start() { look(); }

void Sampler::fired(async::Timer& timer) noexcept { static_cast<Sampler&>(timer).look(); }

void Sampler::look() {
  async::Scheduler& scheduler = async::Scheduler::current();
  const Instant at = scheduler.now();
  const observe::Totals totals = source_.sample(at);
  active_ = totals.active;
  history_.add(at, wall_now(), totals, observe::usage());
  totals_.look(at, as_list(totals));
  picks_.read();
  picked_.look(at, picks_.values());
  scheduler.deadlines().arm(*this, at + observe::History::kInterval);
}

observe::AdminResponse Sampler::history(const observe::AdminRequest& request) const {
  const auto since = observe::admin_query_number(request.query, "since", 0);
  if (!since) return observe::admin_problem(400, "bad_request", "the query may be since=N, the number of a sample");
  observe::AdminResponse response{.content_type = "application/json"};
  JsonWriter json(response.body);
  history_.write(json, *since);
  response.body += '\n';
  return response;
}

void Sampler::write_servers(JsonWriter& json) const {
  json.key("servers").begin_array();
  for (const auto& upstream : upstreams_()) {
    std::vector<std::uint64_t> picks;
    std::uint64_t all = 0;
    for (const auto& server : upstream->servers()) {
      const auto group = picks_.group(server_key(upstream->name(), server->name()));
      all += picks.emplace_back(group ? picked_.rise(*group) : 0);
    }
    for (std::size_t i = 0; i < picks.size(); ++i) {
      json.begin_object().member("upstream", upstream->name()).member("server", upstream->servers()[i]->name());
      json.member("rate", picked_.seconds() > 0 ? static_cast<double>(picks[i]) / picked_.seconds() : 0.0);
      json.key("share");
      all == 0 ? json.null() : json.value(static_cast<double>(picks[i]) / static_cast<double>(all));
      json.end_object();
    }
  }
  json.end_array();
}

void Sampler::write_traffic(JsonWriter& json) const {
  json.begin_object().member("window_s", totals_.seconds());
  json.member("rate", totals_.per_second(kHandled)).member("errors", totals_.per_second(kErrors));
  json.member("refused", totals_.per_second(kRefused));
  const std::vector<std::uint64_t> buckets = totals_.rises(kBuckets, Histogram::buckets());
  for (const auto& [name, q] : {std::pair("p50_ms", 0.5), std::pair("p99_ms", 0.99)}) {
    const auto time = observe::quantile(buckets, Histogram::bounds(), q);
    json.member_or_null(name, time);
  }
  json.member("active", active_);
  write_servers(json);
  source_.write(json);
  json.end_object();
}

}  // namespace tandem::process
