// What is known of a client's connection from its accept to its line in the access log. A value that travels from the
// setting up into the Session, so kept small: there are as many as idle connections.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/address.h"
#include "common/base/clock.h"

namespace tandem::lb {

class ConnectionId {
 public:
  ConnectionId();  // a new one
  // One that was announced by a listed peer; what is not plain printable text is not taken.
  void announced(std::string_view id);
  std::string_view view() const {
    return announced_ ? std::string_view(*announced_) : std::string_view(own_.data(), own_.size());
  }

 private:
  std::unique_ptr<const std::string> announced_;
  std::array<char, 13> own_;
};

struct Connection {
  Instant accepted{};
  ConnectionId id;
  IpEndpoint client;                   // announced or the peer; all zero for a unix socket's
  std::uint8_t attempts = 0;           // connect attempts, saturating
  bool counted_at_source : 1 = false;  // for per_source
  bool header_accepted : 1 = false;    // a PROXY header came from a listed peer: what follows is payload
  std::uint32_t connect_micros = 0;    // of the attempt that won

  void connected_after(Duration took) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    connect_micros =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(micros, 0, std::numeric_limits<std::uint32_t>::max()));
  }
};

}  // namespace tandem::lb
