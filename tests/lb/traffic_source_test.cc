#include "lb/traffic_source.h"

#include <doctest/doctest.h>

using namespace tandem;

TEST_CASE("traffic: an end that nobody is to blame for is good, the client's fault a refusal, all else an error") {
  using lb::EndKind;
  for (const char* end : {"client", "server", "idle", "drain", "reset_by_client"}) {
    CHECK_MESSAGE(lb::kind_of_end(end) == EndKind::good, end);
  }
  for (const char* end :
       {"forbidden", "rate_limited", "not_tls", "no_match", "tls_handshake", "proxy_header_refused"}) {
    CHECK_MESSAGE(lb::kind_of_end(end) == EndKind::refused, end);
  }
  for (const char* end : {"no_healthy_server", "upstream_connect", "reset_by_server", "overloaded", "server_down"}) {
    CHECK_MESSAGE(lb::kind_of_end(end) == EndKind::error, end);
  }
}
