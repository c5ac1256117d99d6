// PEM texts that a configuration names or holds: certificates, keys, authorities.
#pragma once
#include <string>

#include "common/config/kinds.h"

namespace tandem::config {

// A PEM text: from a file, which is named by its path or by { file = … }, or given itself. What was given itself, or by
// the environment, is never shown in a message: it may be a private key.
struct PemText {
  std::string path;  // empty: given itself
  std::string text;

  bool empty() const { return path.empty() && text.empty(); }
  std::string described() const;  // the path in quotes, or "the text"
};

// `is_secret`: it is shown nowhere, and a file of it that everybody can read is warned of.
bool read_pem(Reader& reader, const Value& value, bool is_secret, PemText& to);
Kind<PemText> pem(bool is_secret);

}  // namespace tandem::config
