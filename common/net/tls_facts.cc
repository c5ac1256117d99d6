#include "common/net/tls_facts.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "common/net/tls_session.h"

namespace tandem::net {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return text;
}

std::string text_of(const ASN1_STRING* text) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, text);
  if (size < 0) return {};
  std::string made(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return made;
}

std::string name_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

std::string serial_of(const X509* certificate) {
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  if (!number) return {};
  char* text = BN_bn2hex(number);
  std::string made = text ? lower(text) : std::string();
  OPENSSL_free(text);
  BN_free(number);
  return made;
}

void take_alternative_names(const X509* certificate, TlsPeerCertificate& into) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) into.dns_names.push_back(lower(text_of(name->d.dNSName)));
    if (name->type == GEN_URI) into.uris.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type == GEN_EMAIL) into.emails.push_back(text_of(name->d.rfc822Name));
  }
}

// The end of its validity; the beginning of time where it cannot be read.
WallTime end_of(const X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

TlsPeerCertificate peer_of(const X509* certificate) {
  TlsPeerCertificate peer;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  peer.subject = name_text(subject);
  peer.issuer = name_text(X509_get_issuer_name(certificate));
  peer.serial = serial_of(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) peer.common_name = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) == 1) peer.fingerprint = hexadecimal(digest, size);
  take_alternative_names(certificate, peer);
  peer.valid_until = end_of(certificate);
  return peer;
}

}  // namespace

TlsFacts TlsSession::facts() const {
  TlsFacts facts;
  facts.version = SSL_get_version(ssl_);
  facts.cipher = SSL_get_cipher_name(ssl_);
  if (const char* sni = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name)) facts.sni = lower(sni);
  const unsigned char* alpn = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_, &alpn, &size);
  if (size > 0) facts.alpn.assign(reinterpret_cast<const char*>(alpn), size);
  facts.resumed = SSL_session_reused(ssl_) == 1;
  if (const X509* certificate = SSL_get0_peer_certificate(ssl_)) {
    facts.has_peer_certificate = true;
    facts.peer = peer_of(certificate);
  }
  return facts;
}

}  // namespace tandem::net
