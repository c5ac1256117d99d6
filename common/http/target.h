// Request targets and hosts (RFC 9112 §3.2, RFC 3986 §3), by our own parser: what llhttp takes for a target is far too
// much. Pure functions; the views given back lie in what was passed in.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "common/http/http_error.h"
#include "common/http/message.h"

namespace tandem::http {

struct Target {
  TargetForm form = TargetForm::origin;
  bool secure = false;         // the scheme of an absolute form was https
  std::string_view authority;  // absolute form only
  std::string_view path;       // begins with '/', or is "*"; not normalised
  std::string_view query;
  bool has_query = false;
};

// Takes origin form, absolute form of http and https, and `*` with OPTIONS. Refuses (400): every byte outside visible
// ASCII, '#', userinfo, other schemes, an absolute form without a host. CONNECT never gets here.
std::expected<Target, HttpError> parse_target(Method method, std::string_view target);

struct HostPort {
  std::string_view host;   // lower case, without port and one final dot; "[::1]" keeps its brackets
  std::uint16_t port = 0;  // 0: none was named
};

// "Example.com:8080" → "example.com", 8080. `buffer` holds the host where it had to be changed and must outlive it.
// Refuses: an empty host, empty labels, bytes outside letters, digits, '-', '.', '_', '~', a wrong IPv6 literal or
// port.
std::expected<HostPort, HttpError> parse_host(std::string_view authority, std::string& buffer);

// Whether an absolute target and a Host field name the same place: hosts as parsed, ports with the scheme's default.
bool same_authority(const HostPort& a, const HostPort& b, bool secure);

}  // namespace tandem::http
