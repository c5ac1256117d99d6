#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "common/net/tls_context_base.h"

namespace tandem::net {
namespace {

constexpr std::size_t kMostResumable = 4096;  // servers of an upstream whose last session is kept

// An address is looked for among the certificate's addresses and never sent as a name (RFC 6066 §3).
bool is_address(const std::string& name) { return IpAddress::parse(name).has_value(); }

}  // namespace

struct TlsClientCallbacks {
  // A session that can be resumed; the reference is ours.
  static int keep(SSL* ssl, SSL_SESSION* session) {
    const TlsSession* tls = TlsSession::of(ssl);
    if (!tls) return 0;
    static_cast<const TlsClientContext&>(tls->maker()).keep(tls->resume_key(), session);
    return 1;
  }
};

Result<std::shared_ptr<const TlsClientContext>> TlsClientContext::make(const TlsClientOptions& options) {
  auto context = new_context(TLS_client_method());
  if (!context) return std::unexpected(context.error());
  SSL_CTX* c = context->get();
  std::shared_ptr<TlsClientContext> made(new TlsClientContext);
  made->server_name_ = options.server_name;
  made->verifies_ = options.verify != TlsClientOptions::Verify::off;
  if (made->verifies_) SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  if (options.verify == TlsClientOptions::Verify::system) SSL_CTX_set_default_verify_paths(c);
  if (auto done = trust(c, options.ca); !done) return std::unexpected(done.error());
  if (options.identity) {
    if (auto done = show_identity(c, *options.identity); !done) return std::unexpected(done.error());
  }
  const std::string alpn = alpn_wire_form(options.alpn);
  if (!alpn.empty()) {
    SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned int>(alpn.size()));
  }
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(c, &TlsClientCallbacks::keep);
  ERR_clear_error();
  made->context_ = std::move(*context);
  return made;
}

void TlsClientContext::keep(const std::string& key, SSL_SESSION* session) const {
  const std::shared_ptr<SSL_SESSION> held(session, &SSL_SESSION_free);
  const std::scoped_lock lock(mutex_);
  if (resumable_.size() >= kMostResumable && !resumable_.contains(key)) resumable_.clear();
  resumable_[key] = held;
}

std::unique_ptr<TlsSession> TlsClientContext::session(const Address& server, std::string_view otherwise) const {
  SSL* ssl = SSL_new(context_.get());
  if (!ssl) return nullptr;
  SSL_set_connect_state(ssl);
  auto session = std::make_unique<TlsSession>(ssl, shared_from_this());
  std::string name = server_name_.empty() ? std::string(otherwise) : server_name_;
  if (name.empty() && !server.is_unix()) name = server.endpoint().ip.to_string();
  const bool by_address = is_address(name);
  if (!name.empty() && !by_address) SSL_set_tlsext_host_name(ssl, name.c_str());
  if (verifies_) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set = by_address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str())
                               : X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
    if (set != 1 || name.empty()) return nullptr;  // no name to look for: nothing would be verified
  }
  session->set_resume_key(server.to_string() + " " + name);
  const std::scoped_lock lock(mutex_);
  if (const auto found = resumable_.find(session->resume_key()); found != resumable_.end()) {
    SSL_set_session(ssl, found->second.get());
  }
  return session;
}

}  // namespace tandem::net
