#include "common/net/tls_context_base.h"

#include <openssl/err.h>

namespace tandem::net {
namespace {

// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

std::unexpected<Error> failed() { return fail(Origin::internal, "tls", take_tls_error()); }

}  // namespace

Result<SslContext> new_context(const SSL_METHOD* method) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(method), &SSL_CTX_free);
  if (!context) return failed();
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(c, 0);
  if (SSL_CTX_set_cipher_list(c, kCiphers) != 1) return failed();
  // An end without close_notify is told to the reader (TlsSession::truncated), who knows whether it matters.
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(c, 1);
  return context;
}

Result<void> show_identity(SSL_CTX* context, const TlsIdentity& identity) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate(context, identity.chain.front().get()) != 1) return failed();
  if (SSL_CTX_use_PrivateKey(context, identity.key.get()) != 1) return failed();
  for (std::size_t i = 1; i < identity.chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, identity.chain[i].get()) != 1) return failed();
  }
  return {};
}

Result<void> trust(SSL_CTX* context, std::span<const CertificatePtr> authorities) {
  ERR_clear_error();
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const CertificatePtr& one : authorities) {
    if (X509_STORE_add_cert(store, one.get()) != 1) return failed();
  }
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);  // one that is named is believed, though no root
  return {};
}

std::string alpn_wire_form(std::span<const std::string> protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

}  // namespace tandem::net
