// Where a route sends its requests: what `to` says, "UPSTREAM [PATH]", and the request line that comes of it. Compiled
// at load, rendered by all workers.
#pragma once
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "gateway/routing/template.h"

namespace tandem::routing {

struct Destination {
  std::string upstream;
  Template path;  // empty: the path as it came
};

// Takes the text of `to`: an upstream's name, or one space and a path template behind it. Whether the upstream exists
// is the caller's to see. A path alone (of a split's entry) is read by Template::parse.
Parsed<Destination> parse_destination(std::string_view to, const MatchPattern& pattern,
                                      Template::Names names = Template::Names::params);

// Appends the request target for the service (origin form, RFC 9112 §3.2.1): the path of `to` with its values, then the
// client's query behind "?", or behind "&" when `to` has a query of its own. Without a path template the normalised
// path as it came. Fails with `bad_request`, leaving `out` as it was, when a value would leave its place or when the
// client's query names a parameter that `to` sets: a service could read the client's instead of ours.
Result<> append_target(std::string& out, const Template& path, const TemplateValues& values);

}  // namespace tandem::routing
