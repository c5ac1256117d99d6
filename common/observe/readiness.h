// Is the process ready for traffic? One word for the whole process: the control thread sets it, admin and the gateway's
// data port answer by it, on any thread.
#pragma once
#include <cstdint>
#include <string_view>

namespace tandem::observe {

enum class Readiness : std::uint8_t { starting, ready, draining };

void set_readiness(Readiness state);
Readiness readiness();
std::string_view to_string(Readiness state);

// The answer to GET /readyz: 200 only when ready. While draining it also carries `Gateway-State: draining`, by which
// those who check know at once that nothing is wrong.
struct ReadinessAnswer {
  int status;
  std::string_view body;           // text/plain, with its newline
  std::string_view gateway_state;  // empty: no such header
};
inline constexpr std::string_view kGatewayStateHeader = "Gateway-State";
ReadinessAnswer readiness_answer();

}  // namespace tandem::observe
