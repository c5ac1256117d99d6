#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "common/net/tls_context_base.h"
#include "common/net/tls_tickets.h"

namespace tandem::net {
namespace {

using namespace std::string_literals;

std::string lower_name(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (lower.ends_with('.')) lower.pop_back();
  return lower;
}

// A session is resumed only where it could have been made: the same listener, the same demand on clients.
std::string resumption_mark(const TlsServerOptions& options) {
  std::string seed = options.name;
  if (options.client_may_be_unknown) seed += "\0optional"s;
  for (const CertificatePtr& ca : options.client_ca) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    seed += '\0';
    if (X509_digest(ca.get(), EVP_sha256(), digest, &size) == 1) seed.append(reinterpret_cast<char*>(digest), size);
  }
  unsigned char mark[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(seed.data()), seed.size(), mark);
  return {reinterpret_cast<char*>(mark), sizeof mark};
}

}  // namespace

struct TlsServerCallbacks {
  static const TlsServerContext& of(const SSL* ssl) {
    return static_cast<const TlsServerContext&>(TlsSession::of(ssl)->maker());
  }

  // The certificate by the name that the client asks for. Without one, or for one that nobody knows, the first stays.
  static int choose(SSL* ssl, int*, void*) {
    if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
      SSL_set_SSL_CTX(ssl, of(ssl).context_for(name).get());
    }
    return SSL_TLSEXT_ERR_OK;
  }

  static int agree(SSL* ssl, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                   unsigned int offered_size, void*) {
    const std::string& ours = of(ssl).alpn_;
    unsigned char* chosen = nullptr;
    const int outcome = SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(ours.data()),
                                              static_cast<unsigned int>(ours.size()), offered, offered_size);
    *out = chosen;
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  static int ticket(SSL*, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                    int sealing) {
    bool old = false;
    const auto key = sealing ? TicketKeys::shared().sealing(now()) : TicketKeys::shared().opening(name, now(), old);
    if (!key) return sealing ? -1 : 0;
    if (sealing) {
      std::memcpy(name, key->name.data(), key->name.size());
      if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return -1;
    }
    std::array<std::uint8_t, 32> sign = key->sign;
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, sign.data(), sign.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return -1;
    if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->seal.data(), iv, sealing) != 1) return -1;
    return old ? 2 : 1;
  }
};

namespace {

Result<SslContext> server_context(const TlsServerOptions& options, std::span<const std::size_t> shown) {
  auto made = new_context(TLS_server_method());
  if (!made) return made;
  SSL_CTX* context = made->get();
  for (const std::size_t index : shown) {
    if (auto done = show_identity(context, options.identities[index]); !done) return std::unexpected(done.error());
  }
  if (!options.client_ca.empty()) {
    if (auto done = trust(context, options.client_ca); !done) return std::unexpected(done.error());
    for (const CertificatePtr& ca : options.client_ca) SSL_CTX_add_client_CA(context, ca.get());
    const int demand = options.client_may_be_unknown ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | demand, nullptr);
  }
  const std::string mark = resumption_mark(options);
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(mark.data()),
                                 static_cast<unsigned int>(mark.size()));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets only: nothing is kept for clients that left
  SSL_CTX_set_timeout(context, std::chrono::duration_cast<std::chrono::seconds>(TicketKeys::kLifetime).count());
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &TlsServerCallbacks::ticket);
  SSL_CTX_set_tlsext_servername_callback(context, &TlsServerCallbacks::choose);
  if (!options.alpn.empty()) SSL_CTX_set_alpn_select_cb(context, &TlsServerCallbacks::agree, nullptr);
  return made;
}

// The identities that have `name`, the first of each kind of key.
std::vector<std::size_t> identities_for(const TlsServerOptions& options, const std::string& name) {
  std::vector<std::size_t> all;
  std::vector<int> kinds;
  for (std::size_t i = 0; i < options.identities.size(); ++i) {
    const TlsIdentity& identity = options.identities[i];
    const std::vector<std::string> names = names_of(identity.chain.front());
    const int kind = EVP_PKEY_get_base_id(identity.key.get());
    if (std::ranges::find(names, name) == names.end() || std::ranges::find(kinds, kind) != kinds.end()) continue;
    all.push_back(i);
    kinds.push_back(kind);
  }
  return all;
}

}  // namespace

Result<void> TlsServerContext::add_names(const TlsServerOptions& options) {
  std::map<std::vector<std::size_t>, SslContext> made;
  const auto context_of = [&](const std::vector<std::size_t>& shown) -> Result<SslContext> {
    SslContext& known = made[shown];
    if (known) return known;
    auto fresh = server_context(options, shown);
    if (!fresh) return fresh;
    contexts_.push_back(*fresh);
    return known = *fresh;
  };
  const std::vector<std::string> first = names_of(options.identities.front().chain.front());
  auto standard = context_of(first.empty() ? std::vector<std::size_t>{0} : identities_for(options, first.front()));
  if (!standard) return std::unexpected(standard.error());
  for (const TlsIdentity& identity : options.identities) {
    for (const std::string& name : names_of(identity.chain.front())) {
      auto context = context_of(identities_for(options, name));
      if (!context) return std::unexpected(context.error());
      if (name.starts_with("*.")) {
        wildcard_.try_emplace(name.substr(1), *context);
      } else {
        exact_.try_emplace(name, *context);
      }
    }
  }
  return {};
}

Result<std::shared_ptr<const TlsServerContext>> TlsServerContext::make(const TlsServerOptions& options) {
  if (options.identities.empty()) return fail(Origin::internal, "tls", "no certificate");
  std::shared_ptr<TlsServerContext> made(new TlsServerContext);
  made->alpn_ = alpn_wire_form(options.alpn);
  if (auto added = made->add_names(options); !added) return std::unexpected(added.error());
  return made;
}

const SslContext& TlsServerContext::context_for(std::string_view sni) const {
  const std::string name = lower_name(sni);
  if (const auto found = exact_.find(name); found != exact_.end()) return found->second;
  const std::size_t dot = name.find('.');
  if (dot != std::string::npos && dot > 0) {
    if (const auto found = wildcard_.find(name.substr(dot)); found != wildcard_.end()) return found->second;
  }
  return contexts_.front();
}

std::unique_ptr<TlsSession> TlsServerContext::session() const {
  SSL* ssl = SSL_new(contexts_.front().get());
  if (!ssl) return nullptr;
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsSession>(ssl, shared_from_this());
}

}  // namespace tandem::net
