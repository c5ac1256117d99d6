// Certificates and keys as PEM texts hold them: read, matched, asked for their names. Plain values that share what
// OpenSSL owns; usable on every thread.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"

struct x509_st;
struct evp_pkey_st;

namespace tandem::net {

using CertificatePtr = std::shared_ptr<x509_st>;
using PrivateKeyPtr = std::shared_ptr<evp_pkey_st>;

// All certificates of a PEM text, in its order; at least one. The error's detail says what is wrong with the text.
Result<std::vector<CertificatePtr>> parse_certificates(std::string_view pem);

// The private key of a PEM text. One that is encrypted is refused: nobody is there to type a password.
Result<PrivateKeyPtr> parse_private_key(std::string_view pem);

// A certificate to show, with the chain below it and its key.
struct TlsIdentity {
  std::vector<CertificatePtr> chain;  // the own one first
  PrivateKeyPtr key;
};

bool is_key_of(const PrivateKeyPtr& key, const CertificatePtr& certificate);

// Why it does not hold now: "expired on 2024-01-02", "is not valid before 2031-01-02"; nothing when it does.
std::optional<std::string> validity_problem(const CertificatePtr& certificate);

// When it begins to hold, and until when it does.
struct Validity {
  WallTime from;
  WallTime until;
};
Validity validity_of(const CertificatePtr& certificate);

// The DNS names that it is for, in lower case, wildcards as they stand; the common name where it has no DNS names.
std::vector<std::string> names_of(const CertificatePtr& certificate);

// The oldest entry of OpenSSL's error queue of this thread as people say it, which is then empty; "unknown error" for
// none.
std::string take_tls_error();

}  // namespace tandem::net
