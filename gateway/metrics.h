// The counters of requests, found by small numbers instead of names. One object per worker; the counters behind it are
// the process's own and survive a reload.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/counters.h"
#include "common/http/message.h"

namespace tandem::gateway {

struct Route;

// Payload by route; `direction` is "in" or "out".
Counter bytes_counter(const std::string& route, const char* direction);

class RequestMetrics {
 public:
  // What an exchange was, once it has ended.
  struct Ended {
    http::Method method = http::Method::other;
    int status = 0;           // 0: the client left before an answer
    std::string_view reason;  // a literal; empty: a service's own answer
    Duration took{};
    std::uint64_t bytes_in = 0;  // of bodies
    std::uint64_t bytes_out = 0;
  };
  void count(const Route* route, const Ended& ended);  // null: no route was found
  void forget_routes();                                // another generation's routes have other numbers

 private:
  // A route sees one or two kinds of answers almost always: they lie beside its histogram, in one cache line.
  struct Kind {
    std::uint32_t key = 0;  // method and status; 0: none yet
    Counter counter;
  };
  struct OfRoute {
    Histogram seconds;
    Counter bytes_in, bytes_out;
    bool known = false;
    std::array<Kind, 3> kinds;
  };
  static void learn(OfRoute& of, const Route* route);
  Counter requests(OfRoute& of, const Route* route, std::uint32_t index, http::Method method, int status);

  std::vector<OfRoute> routes_;                          // by the route's number + 1; 0: no route
  std::unordered_map<std::uint64_t, Counter> requests_;  // what is beyond that, by route, method, status
  // By the reason, which is known by the address of its text, and the route.
  struct Refused {
    const char* reason;
    std::uint32_t route;
    bool operator==(const Refused&) const = default;
  };
  struct RefusedHash {
    std::size_t operator()(const Refused& key) const {
      return std::hash<const char*>()(key.reason) ^ std::size_t{key.route} * 0x9e37'79b9'7f4a'7c15;
    }
  };
  std::unordered_map<Refused, Counter, RefusedHash> refused_;
};

}  // namespace tandem::gateway
