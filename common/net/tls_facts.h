// What is known of a TLS connection, for logs, PROXY headers and those who decide by the client's certificate. Plain
// values.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"

namespace tandem::net {

// The peer's certificate. It has been verified: none that failed gets as far.
struct TlsPeerCertificate {
  std::string subject;      // "CN=alice,O=Example" (RFC 2253)
  std::string common_name;  // empty: none
  std::string issuer;
  std::string serial;                  // hexadecimal
  std::string fingerprint;             // SHA-256, hexadecimal
  std::vector<std::string> dns_names;  // of the subject alternative name, lower case
  std::vector<std::string> uris;
  std::vector<std::string> emails;
  WallTime valid_until{};
};

struct TlsFacts {
  std::string_view version;  // "TLSv1.3"
  std::string_view cipher;   // "TLS_AES_128_GCM_SHA256"
  std::string sni;           // as the client sent it, lower case; empty: none
  std::string alpn;          // agreed upon; empty: none
  bool resumed = false;
  bool has_peer_certificate = false;
  TlsPeerCertificate peer;  // of a server's session: the client's certificate
};

}  // namespace tandem::net
