// What a person on a terminal, and a script behind a pipe, reads when a program starts:
//   lb 0.1.0, lb.toml
//   listening public 127.0.0.1:8080
//   admin 127.0.0.1:9901
//   upstreams: gateways 2/2 up
//   ready
// `listening NAME ADDRESS`, `admin ADDRESS` and `ready` are lines of exactly this form, each alone, with the port that
// was really bound: scripts wait for them. Pure functions; write_plain_line() takes their lines.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/address.h"

namespace tandem::observe {

struct BoundListener {
  std::string name;  // the address where none is configured
  Address address;   // as bound
};

struct UpstreamSummary {
  std::string name;
  std::uint32_t up = 0;
  std::uint32_t servers = 0;
};

// Once everything is bound. On a terminal more than two listeners share a line, so that a start stays within six lines.
std::vector<std::string> bound_banner(std::string_view program, std::string_view version, std::string_view file,
                                      const std::vector<BoundListener>& listeners, const std::optional<Address>& admin,
                                      bool on_terminal);

// Once it accepts: the upstreams in one line (the first eight and how many more), then `ready`.
std::vector<std::string> ready_banner(const std::vector<UpstreamSummary>& upstreams);

}  // namespace tandem::observe
