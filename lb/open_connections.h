// What GET /connections tells: the newest connections that are open, and the slowest, each with where it stands. A
// worker fills one on its thread, the control thread puts them together; what is kept is bounded, whatever is open.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/net/tcp_path.h"

namespace tandem::lb {

struct Arrival;

struct OpenConnection {
  Instant accepted{};
  // How long somebody has been waited for: the server, with the client's last bytes unanswered; or, while it is being
  // set up, whoever its phase is about. Zero: nobody is.
  Duration waiting = Duration::zero();
  std::string id;
  IpEndpoint client;
  std::string listener;
  std::string upstream;  // empty: not yet known, as the server is
  std::string server;
  std::string_view phase;  // a literal: of Phase, or "open", or "half_closed"
  std::uint32_t attempts = 0;
  std::optional<Duration> connect;
  std::optional<Duration> first_byte;  // from accept
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  net::TcpPaths paths;
};

OpenConnection describe(const Arrival& arrival, Instant at);

class OpenConnections {
 public:
  static constexpr std::size_t kMost = 1000;            // that can be asked for
  static constexpr std::size_t kMostLookedAt = 65'536;  // of a worker: a look must not hold its traffic up

  // `limit`: of the newest, and of the slowest.
  OpenConnections(std::size_t limit, Instant at) : limit_(limit), at_(at) {}

  Instant at() const { return at_; }
  // False when enough have been looked at.
  bool look();
  bool wants(Instant accepted, Duration waiting) const;
  void add(const OpenConnection& connection);
  void add_all(const OpenConnections& other);

  // Writes {"open": …, "looked_at": …, "newest": […], "slowest": […]}; `open`: how many there are.
  void write(JsonWriter& json, std::size_t open) const;

 private:
  bool is_new(Instant accepted) const { return newest_.size() < limit_ || accepted > newest_.front().accepted; }
  bool is_slow(Duration waiting) const {
    return waiting > Duration::zero() && (slowest_.size() < limit_ || waiting > slowest_.front().waiting);
  }

  const std::size_t limit_;
  const Instant at_;
  std::size_t looked_at_ = 0;
  std::vector<OpenConnection> newest_;   // a heap with the oldest of them in front
  std::vector<OpenConnection> slowest_;  // likewise, with the one that waits least
};

}  // namespace tandem::lb
