// One active check of one server: connect as traffic does, say who speaks (PROXY LOCAL) where the server wants that,
// shake hands for `tls` and `https`, and for `http` and `https` send one request and read its answer. The control
// thread's; the only I/O of this room.
#pragma once
#include <optional>
#include <string>

#include "common/async/task.h"
#include "common/balance/health.h"
#include "common/balance/options.h"

namespace tandem::balance {

// Ends within options.health.timeout, all steps together. Gives nothing when it could not find out: the scope was
// cancelled, or the fault is ours (no descriptors); that says nothing of the server. `upstream` must outlive it.
async::Task<std::optional<CheckOutcome>> probe(const UpstreamOptions& upstream, Address server);

// The parts that need no socket.
Address check_address(const Address& server, const HealthOptions& options);
std::string check_preamble(const UpstreamOptions& upstream);                     // the PROXY header, or nothing
std::string check_request(const HealthOptions& options, const Address& server);  // HTTP/1.1, Connection: close
// Where a gateway says that its admin address is (Gateway-Admin); an address that stands for all is the server's own.
// Nothing for what is no address.
std::optional<IpEndpoint> announced_admin(std::string_view text, const Address& server);
CheckOutcome judge_answer(const HealthOptions& options, int status, bool says_draining);

}  // namespace tandem::balance
