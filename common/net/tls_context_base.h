// What server and client contexts begin with. Private to the room's tls_*_context files.
#pragma once
#include <openssl/ssl.h>

#include <span>

#include "common/net/tls_context.h"

namespace tandem::net {

// TLS 1.2 and 1.3; one mode of reading and writing for all sessions.
Result<SslContext> new_context(const SSL_METHOD* method);

Result<void> show_identity(SSL_CTX* context, const TlsIdentity& identity);
Result<void> trust(SSL_CTX* context, std::span<const CertificatePtr> authorities);

std::string alpn_wire_form(std::span<const std::string> protocols);

}  // namespace tandem::net
