// What the TLS sessions of one listener, or those to one upstream, have in common: certificates, who is believed, what
// is offered. Made on the control thread while a configuration is loaded, immutable then, shared by all workers;
// sessions keep it.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/address.h"
#include "common/net/tls_certificate.h"
#include "common/net/tls_session.h"

struct ssl_ctx_st;
struct ssl_session_st;

namespace tandem::net {

using SslContext = std::shared_ptr<ssl_ctx_st>;

struct TlsServerOptions {
  std::string name;  // a session is resumed only at a listener of its name, with the same client_ca
  std::vector<TlsIdentity>
      identities;  // by SNI: exact name, then wildcard, else the first one. One per kind of key counts
  std::vector<CertificatePtr> client_ca;  // who may sign clients' certificates; empty: clients are asked for none
  bool client_may_be_unknown = false;     // who shows no certificate is let in; one that is shown must be good
  std::vector<std::string> alpn;  // what is spoken, preferred first; a client that offers none of it is refused. Empty:
                                  // nothing is agreed upon
};

class TlsServerContext final : public TlsSession::Maker, public std::enable_shared_from_this<TlsServerContext> {
 public:
  // TLS 1.2 and 1.3, tickets, no renegotiation, no early data.
  static Result<std::shared_ptr<const TlsServerContext>> make(const TlsServerOptions& options);

  std::unique_ptr<TlsSession> session() const;

  // Which of the options' first identity for a name stands in for `sni`: for those who ask, and for tests.
  const SslContext& context_for(std::string_view sni) const;

 private:
  friend struct TlsServerCallbacks;
  TlsServerContext() = default;
  Result<void> add_names(const TlsServerOptions& options);

  std::string alpn_;  // in the wire's form
  std::vector<SslContext> contexts_;
  std::unordered_map<std::string, SslContext> exact_;
  std::unordered_map<std::string, SslContext> wildcard_;  // by what follows the first label: ".example.com"
};

struct TlsClientOptions {
  enum class Verify : std::uint8_t { system, off, ca };
  Verify verify = Verify::system;
  std::vector<CertificatePtr> ca;       // with Verify::ca
  std::string server_name;              // sent as SNI and looked for in the certificate; empty: the server's address
  std::optional<TlsIdentity> identity;  // shown when asked for
  std::vector<std::string> alpn;
};

class TlsClientContext final : public TlsSession::Maker, public std::enable_shared_from_this<TlsClientContext> {
 public:
  static Result<std::shared_ptr<const TlsClientContext>> make(const TlsClientOptions& options);

  // A session to `server`, resuming an earlier one where there is one. `name`: for a context without one.
  std::unique_ptr<TlsSession> session(const Address& server, std::string_view name = {}) const;

 private:
  friend struct TlsClientCallbacks;
  TlsClientContext() = default;
  void keep(const std::string& key, ssl_session_st* session) const;

  SslContext context_;
  std::string server_name_;
  bool verifies_ = true;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, std::shared_ptr<ssl_session_st>> resumable_;  // guarded by mutex_
};

}  // namespace tandem::net
