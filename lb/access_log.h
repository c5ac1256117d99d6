// The access log of lb: one line for each connection, written when it has ended. Owned by a worker, used on its thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/net/tcp_path.h"
#include "common/observe/log_line.h"
#include "common/observe/log_sink.h"

namespace tandem::lb {

// The fields of contract §6, in the order in which they are shown. Views must live until write() returns; what is empty
// does not apply (no server was reached, no byte came back).
struct AccessRecord {
  WallTime time{};  // of the end
  std::string_view id{};
  std::string_view listener{};
  IpEndpoint client{};
  std::string_view upstream{};
  std::string_view server{};
  std::uint32_t attempts = 0;
  std::optional<Duration> connect{};     // of the attempt that won
  std::optional<Duration> first_byte{};  // from accept to the server's first byte
  Duration duration{};
  std::uint64_t bytes_in = 0;   // from the client
  std::uint64_t bytes_out = 0;  // to the client
  bool shows_paths = false;     // of a listener with `tcp_info`: such a line has four fields more
  net::TcpPaths paths{};
  std::string_view end{};  // who closed and why: a stable token
};

// One side has ended it, and all of it was passed on.
bool ended_well(std::string_view end);

class AccessLog {
 public:
  explicit AccessLog(observe::LogSink& sink) : sink_(sink), buffer_(sink) {}
  bool is_off() const { return sink_.is_off(); }
  // The line, unless it is one of those that `sample` leaves out.
  void write(const config::LogConfig& config, const AccessRecord& record);

 private:
  observe::LogSink& sink_;
  observe::LogBuffer buffer_;
  std::string line_;  // used again for every line
};

}  // namespace tandem::lb
