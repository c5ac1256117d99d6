// Where an upstream's servers come from when the domain name system tells them: "dns:gateway.internal:8081", every
// address of a name, or "srv:_gateway._tcp.internal", every service of one (RFC 2782). A value.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace tandem::balance {

struct DnsSource {
  std::string name;        // in normal form
  std::uint16_t port = 0;  // of every address; 0: services, which tell theirs

  bool services() const { return port == 0; }
  // Takes what a configuration says; the error's detail says what is wrong with it, for behind the quoted text.
  static Result<DnsSource> parse(std::string_view text);
  static bool is_meant(std::string_view text) { return text.starts_with("dns:") || text.starts_with("srv:"); }
  std::string to_string() const;
  auto operator<=>(const DnsSource&) const = default;
};

}  // namespace tandem::balance
