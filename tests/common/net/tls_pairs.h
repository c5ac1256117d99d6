// What the tests of TLS share: certificates made on the spot, and a blocking end of a connection that speaks TLS with
// OpenSSL alone. Included by tests only.
#pragma once
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <memory>
#include <string>

#include "common/net/tls_context.h"
#include "tests/common/net/relay_pairs.h"

namespace tandem::net::test {

struct Issued {
  std::string certificate;  // PEM
  std::string key;
  std::shared_ptr<X509> x509;
  std::shared_ptr<EVP_PKEY> pkey;

  TlsIdentity identity() const { return {*parse_certificates(certificate), *parse_private_key(key)}; }
  std::vector<CertificatePtr> as_ca() const { return *parse_certificates(certificate); }
};

template <class Write>
std::string pem_of(Write write) {
  BIO* bio = BIO_new(BIO_s_mem());
  write(bio);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

inline void extend(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  REQUIRE(extension);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// A certificate for `names` ("DNS:a.example,IP:127.0.0.1"; empty: an authority), signed by `issuer` or by itself.
inline Issued issue(const std::string& common_name, const std::string& names, const Issued* issuer = nullptr,
                    bool rsa = false, long begins = -3600, long ends = 86400) {
  static long serial = 1;
  std::shared_ptr<EVP_PKEY> key(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), &EVP_PKEY_free);
  std::shared_ptr<X509> certificate(X509_new(), &X509_free);
  X509* c = certificate.get();
  X509_set_version(c, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(c), begins);
  X509_gmtime_adj(X509_getm_notAfter(c), ends);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509* from = issuer ? issuer->x509.get() : c;
  X509_set_issuer_name(c, X509_get_subject_name(from));
  X509_set_pubkey(c, key.get());
  extend(c, from, NID_basic_constraints, names.empty() ? "critical,CA:TRUE" : "CA:FALSE");
  if (!names.empty()) extend(c, from, NID_subject_alt_name, names.c_str());
  REQUIRE(X509_sign(c, issuer ? issuer->pkey.get() : key.get(), EVP_sha256()) > 0);
  return {pem_of([&](BIO* bio) { PEM_write_bio_X509(bio, c); }),
          pem_of([&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); }),
          certificate, key};
}

// The test's own end, blocking. A client unless it is given an identity to serve with.
class TlsPeer {
 public:
  explicit TlsPeer(Peer peer, const Issued* serves = nullptr) : peer_(std::move(peer)) {
    std::signal(SIGPIPE, SIG_IGN);
    context_ = SSL_CTX_new(serves ? TLS_server_method() : TLS_client_method());
    if (serves) present(*serves);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, peer_.fd());
    serves ? SSL_set_accept_state(ssl_) : SSL_set_connect_state(ssl_);
  }
  ~TlsPeer() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  void present(const Issued& identity) {
    SSL_CTX_use_certificate(context_, identity.x509.get());
    SSL_CTX_use_PrivateKey(context_, identity.pkey.get());
    if (ssl_) {
      SSL_use_certificate(ssl_, identity.x509.get());
      SSL_use_PrivateKey(ssl_, identity.pkey.get());
    }
  }
  void ask_for(const char* name) { SSL_set_tlsext_host_name(ssl_, name); }

  bool handshake() { return SSL_do_handshake(ssl_) == 1; }
  bool send(std::string_view bytes) {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
  }
  // Up to `size` bytes, or to the end.
  std::string read(std::size_t size) {
    std::string all(size, 0);
    std::size_t got = 0;
    while (got < size) {
      std::size_t n = 0;
      if (SSL_read_ex(ssl_, all.data() + got, size - got, &n) != 1) break;
      got += n;
    }
    all.resize(got);
    return all;
  }
  std::string read_all() {
    std::string all;
    while (true) {
      const std::string part = read(65536);
      all += part;
      if (part.size() < 65536) return all;
    }
  }
  // Sends `bytes` and reads `size` of what comes, both as it goes: one session is not for two threads. Gives less where
  // that ends before.
  std::string exchange(std::string_view bytes, std::size_t size) {
    const int flags = ::fcntl(peer_.fd(), F_GETFL);
    ::fcntl(peer_.fd(), F_SETFL, flags | O_NONBLOCK);
    SSL_set_mode(ssl_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    std::string all(size, 0);
    std::size_t got = 0;
    while (!bytes.empty() || got < size) {
      std::size_t n = 0;
      const bool wrote = !bytes.empty() && SSL_write_ex(ssl_, bytes.data(), bytes.size(), &n) == 1;
      if (wrote) bytes.remove_prefix(n);
      const int result = SSL_read_ex(ssl_, all.data() + got, size - got, &n);
      if (result == 1) got += n;
      if (result != 1 && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ && got < size) break;
      pollfd waiting{peer_.fd(), static_cast<short>(bytes.empty() ? POLLIN : POLLIN | POLLOUT), 0};
      if (!wrote && result != 1 && ::poll(&waiting, 1, kPatience) != 1) break;
    }
    ::fcntl(peer_.fd(), F_SETFL, flags);
    all.resize(got);
    return all;
  }
  bool was_told_the_end() const { return SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN; }  // by close_notify
  void say_end() { SSL_shutdown(ssl_); }
  std::string served_as() const {
    const X509* certificate = SSL_get0_peer_certificate(ssl_);
    char name[256] = {};
    if (certificate) X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    return name;
  }

  SSL* ssl() { return ssl_; }
  SSL_CTX* context() { return context_; }
  Peer& raw() { return peer_; }

 private:
  Peer peer_;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
};

inline std::shared_ptr<const TlsServerContext> server_for(const Issued& issued) {
  auto made = TlsServerContext::make({.name = "test", .identities = {issued.identity()}, .client_ca = {}, .alpn = {}});
  REQUIRE(made);
  return *made;
}

}  // namespace tandem::net::test
