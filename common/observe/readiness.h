// Is the process ready for traffic? One word for the whole process: the control thread sets it, admin and the gateway's
// data port answer by it, on any thread.
#pragma once
#include <cstdint>
#include <string>
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

// Where the admin address with its page is, for those who may ask for health: "127.0.0.1:9901", told by a header. To be
// set before other threads begin; empty: there is none that a browser could open.
inline constexpr std::string_view kGatewayAdminHeader = "Gateway-Admin";
void set_admin_address(std::string address);
const std::string& admin_address();
ReadinessAnswer readiness_answer();

}  // namespace tandem::observe
