// What `redirect` says of the place a client is sent to: "https://{host}/new/{rest}". The host comes from the
// configuration or is the request's own; a client can name no other. Compiled at load, rendered by all workers.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "gateway/routing/template.h"

namespace tandem::routing {

class Redirect {
 public:
  // Takes "http://…", "https://…", "{scheme}://…" or a path; in the host only {host} may stand, behind it also {path},
  // {query} and the route's parameters. Refuses "//host", which browsers read as another site's address.
  static Parsed<Redirect> parse(std::string_view to, const MatchPattern& pattern);

  // To the same address by https, at `port`.
  static Redirect to_https(std::uint16_t port);

  // Appends the value of Location (RFC 9110 §10.2.2). Fails with `bad_request`, leaving `out` as it was, when the
  // request has no host to fill in or its values would leave their place.
  Result<> append_to(std::string& out, const TemplateValues& values) const;

 private:
  std::vector<std::string> authority_;  // literal texts between which {host} stands; none: the target is a path
  std::string scheme_;                  // empty: the request's
  Template target_;
};

}  // namespace tandem::routing
