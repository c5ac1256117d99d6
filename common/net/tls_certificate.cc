#include "common/net/tls_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

namespace tandem::net {
namespace {

std::unexpected<Error> wrong(std::string detail) { return fail(Origin::internal, "tls_file", std::move(detail)); }

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio reader_of(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

// A password is asked of nobody; that it was wanted is remembered.
int no_password(char*, int, int, void* wanted) {
  *static_cast<bool*>(wanted) = true;
  return -1;
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string lower_text(const ASN1_STRING* text) {
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  std::string lower(bytes, static_cast<std::size_t>(ASN1_STRING_length(text)));
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return lower;
}

}  // namespace

std::string take_tls_error() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return "unknown error";
  if (const char* reason = ERR_reason_error_string(error)) return reason;
  return fmt::format("OpenSSL error {:x}", error);
}

Result<std::vector<CertificatePtr>> parse_certificates(std::string_view pem) {
  const Bio bio = reader_of(pem);
  std::vector<CertificatePtr> all;
  ERR_clear_error();
  while (X509* one = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(one, &X509_free);
  // What ends the list of a good text is that no other block begins.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string why = take_tls_error();
  if (!at_end) return wrong(fmt::format("certificate {} cannot be read: {}", all.size() + 1, why));
  if (all.empty()) return wrong("holds no PEM certificate (-----BEGIN CERTIFICATE-----)");
  return all;
}

Result<PrivateKeyPtr> parse_private_key(std::string_view pem) {
  const Bio bio = reader_of(pem);
  bool wanted_password = false;
  ERR_clear_error();
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_password, &wanted_password);
  const bool none = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string why = take_tls_error();
  if (key) return PrivateKeyPtr(key, &EVP_PKEY_free);
  if (wanted_password) return wrong("the private key is encrypted; write it without a password");
  if (none) return wrong("holds no PEM private key (-----BEGIN PRIVATE KEY-----)");
  return wrong("the private key cannot be read: " + why);
}

bool is_key_of(const PrivateKeyPtr& key, const CertificatePtr& certificate) {
  const bool matches = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return matches;
}

std::optional<std::string> validity_problem(const CertificatePtr& certificate) {
  const ASN1_TIME* end = X509_get0_notAfter(certificate.get());
  const ASN1_TIME* begin = X509_get0_notBefore(certificate.get());
  if (X509_cmp_current_time(end) < 0) return "expired on " + date_of(end);
  if (X509_cmp_current_time(begin) > 0) return "is not valid before " + date_of(begin);
  return std::nullopt;
}

Validity validity_of(const CertificatePtr& certificate) {
  return {time_of(X509_get0_notBefore(certificate.get())), time_of(X509_get0_notAfter(certificate.get()))};
}

std::vector<std::string> names_of(const CertificatePtr& certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) names.push_back(lower_text(name->d.dNSName));
  }
  if (!names.empty()) return names;
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) names.push_back(lower_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  return names;
}

}  // namespace tandem::net
