// The counters of requests, found by small numbers instead of names. One object per worker; the counters behind it are
// the process's own and survive a reload.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/counters.h"
#include "common/http/message.h"

namespace tandem::gateway {

struct Route;

class RequestMetrics {
 public:
  // One exchange has ended. `route` may be null (none was found); `status` 0: the client left before an answer;
  // `reason` empty: a service's own answer.
  void count(const Route* route, http::Method method, int status, std::string_view reason, Duration took);
  void forget_routes();  // another generation's routes have other numbers

 private:
  // A route sees one or two kinds of answers almost always: they lie beside its histogram, in one cache line.
  struct Kind {
    std::uint32_t key = 0;  // method and status; 0: none yet
    Counter counter;
  };
  struct OfRoute {
    Histogram seconds;
    bool known = false;
    std::array<Kind, 3> kinds;
  };
  Counter requests(OfRoute& of, const Route* route, std::uint32_t index, http::Method method, int status);

  std::vector<OfRoute> routes_;                          // by the route's number + 1; 0: no route
  std::unordered_map<std::uint64_t, Counter> requests_;  // what is beyond that, by route, method, status
  std::unordered_map<std::uint64_t, Counter> refused_;   // by route and reason
};

}  // namespace tandem::gateway
