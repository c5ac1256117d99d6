// Heads written anew from parsed parts (never a client's raw bytes), with exactly one framing field and none that
// belongs to one connection only. Pure; appends to a buffer of the caller, one reservation a head.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/http/http_error.h"
#include "common/http/message.h"

namespace tandem::http {

// Removes what ends at this hop (RFC 9110 §7.6.1): the fields that Connection names, Connection itself, Keep-Alive,
// Proxy-*, Trailer, Upgrade, and TE unless it is `trailers`. Before anything of ours is added: a nominated name must
// not take ours away. Refused (400): a Connection that names a framing field, Host, Cookie or credentials.
std::optional<HttpError> strip_hop_by_hop(Fields& fields, const ConnectionOptions& connection);

struct RequestOut {
  std::string_view method;
  std::string_view path;   // normalised
  std::string_view query;  // with has_query: what stands behind the '?'
  bool has_query = false;
  std::string_view host;  // host[:port]
  BodyFraming framing;
  bool keep_alive = true;         // false: Connection: close
  bool expect_continue = false;   // our own, when the body waits for 100
  std::string_view upgrade = {};  // what the connection shall become; empty: it stays HTTP
};

struct ResponseOut {
  int status = 200;
  std::string_view reason;  // empty: the usual one
  BodyFraming framing;
  std::optional<std::uint64_t> declared_length;  // with framing none: of answers to HEAD, and of 304
  bool keep_alive = true;
  // What the client spoke: 1.0 gets no chunks (the caller passes until_close) and is told keep-alive.
  int client_version_minor = 1;
  std::string_view upgrade = {};  // of a 101: what the connection becomes
};

// Appends "METHOD path?query HTTP/1.1", Host, `fields` (framing, Host, Expect and hop-by-hop fields left out), `added`,
// and the framing. False, with nothing appended, when a CR, LF, NUL or other control would get into the head: a fault
// of ours, answered 500.
bool write_request_head(std::string& out, const RequestOut& request, const Fields& fields,
                        std::span<const Field> added = {});

// The same for "HTTP/1.1 STATUS reason". 1xx and 204 get no framing field at all.
bool write_response_head(std::string& out, const ResponseOut& response, const Fields& fields,
                         std::span<const Field> added = {});

}  // namespace tandem::http
