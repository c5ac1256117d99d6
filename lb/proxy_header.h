// The PROXY protocol at lb: the header that a listed peer must send first, and the one that a server is sent.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/async/task.h"
#include "common/balance/options.h"
#include "common/net/proxy_protocol.h"
#include "common/net/stream.h"
#include "lb/connection.h"

namespace tandem::lb {

class Listener;

// The end of a connection whose first bytes are a header that nobody believes (a token, see Ending).
inline constexpr std::string_view kHeaderRefused = "proxy_header_refused";

// What the server can be told of the client beyond its address (version 2).
struct ClientFacts {
  std::string server_name;                // that the client asked for (SNI)
  std::string protocol;                   // ALPN
  std::optional<net::ProxyTls> tls = {};  // where it was ended
};

struct ReceivedHeader {
  net::ProxyHeader header;
  std::string payload;  // what came behind it
};

// Reads the header that must come. Errors: "proxy_header_missing", "proxy_header_invalid",
// those of read_more().
async::Task<Result<ReceivedHeader>> receive_proxy_header(net::Stream& client, Instant deadline);

// What the server must be sent before the first byte of payload; empty where its upstream wants nothing. `destination`:
// the address that the client connected to.
std::string proxy_header_for_server(balance::ProxyProtocol version, const Connection& connection,
                                    const Address& destination, const ClientFacts& facts);

// Says in the log why a connection is closed for its first bytes; at most once a second for each listener.
void warn_of_refusal(Listener& listener, const IpEndpoint& peer, std::string_view end, std::string_view why);

}  // namespace tandem::lb
