// What matching alone costs: a table of N routes in a public API's shape, requests drawn evenly over all of them.
//
//   routematch [N…]     by default 10 100 1000 10000; one JSON object a line: routes, nanoseconds a lookup, build time
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "gateway/routing/table.h"

namespace {

using namespace tandem::routing;
using Clock = std::chrono::steady_clock;

struct Request {
  std::string host, method, path;
};

constexpr const char* kShapes[] = {"GET /v1/%s",
                                   "POST /v1/%s",
                                   "GET /v1/%s/{id:uint}",
                                   "PUT /v1/%s/{id:uint}",
                                   "DELETE /v1/%s/{id:uint}",
                                   "GET /v1/%s/search",
                                   "GET /v1/%s/{id:uint}/items",
                                   "GET /v1/%s/{id:uint}/items/{item}",
                                   "POST /v1/%s/{id:uint}/items",
                                   "GET /v1/%s/{id:uint}/history/{rest...}"};

std::string filled(const char* shape, const std::string& name) {
  std::string text = shape;
  return text.replace(text.find("%s"), 2, name);
}

// Ten routes a resource, twenty resources a host.
void make(std::size_t routes, std::vector<RouteSpec>& specs, std::vector<Request>& requests) {
  for (std::size_t i = 0; i < routes; ++i) {
    const std::size_t resource = i / 10;
    const std::string host = "api-" + std::to_string(resource / 20) + ".example.com";
    std::string text = filled(kShapes[i % 10], "resource-" + std::to_string(resource % 20));
    const std::size_t space = text.find(' ');
    auto pattern = parse_match(text.substr(0, space + 1) + host + text.substr(space + 1));
    if (!pattern) std::abort();
    Request request{host, text.substr(0, space), {}};
    std::string& path = request.path = text.substr(space + 1);
    const auto put = [&path](const std::string& parameter, const std::string& value) {
      if (const auto at = path.find(parameter); at != std::string::npos) path.replace(at, parameter.size(), value);
    };
    put("{id:uint}", std::to_string(1000 + i));
    put("{item}", "item-" + std::to_string(i));
    put("{rest...}", "2024/05");
    specs.push_back({std::move(*pattern), {}});
    requests.push_back(std::move(request));
  }
}

double per_second(Clock::duration took) { return std::chrono::duration<double>(took).count(); }

void measure(std::size_t routes) {
  std::vector<RouteSpec> specs;
  std::vector<Request> requests;
  make(routes, specs, requests);
  const auto begin = Clock::now();
  const auto table = RouteTable::build(std::move(specs));
  const double build = per_second(Clock::now() - begin);
  if (!table) std::abort();

  std::mt19937 random(7);
  std::vector<Request> drawn;  // one after the other in memory, as a server reads them
  for (std::size_t i = 0; i < 20'000; ++i) drawn.push_back(requests[random() % routes]);
  std::uint64_t found = 0;
  double best = 1e9;
  for (int turn = 0; turn < 15; ++turn) {
    const auto from = Clock::now();
    for (const Request& request : drawn) {
      Params params;
      const Lookup lookup = table->find({request.host, 80, request.method, request.path, nullptr}, params);
      if (lookup.outcome != Lookup::Outcome::route) std::abort();
      found += lookup.route + params.count;
    }
    best = std::min(best, per_second(Clock::now() - from) / static_cast<double>(drawn.size()));
  }
  std::printf("{\"routes\":%zu,\"nanoseconds\":%.1f,\"build_ms\":%.1f,\"check\":%llu}\n", routes, best * 1e9,
              build * 1e3, static_cast<unsigned long long>(found));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    for (const std::size_t routes : {10, 100, 1000, 10'000}) measure(routes);
  }
  for (int i = 1; i < argc; ++i) measure(std::strtoull(argv[i], nullptr, 10));
}
