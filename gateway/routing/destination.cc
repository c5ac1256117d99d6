#include "gateway/routing/destination.h"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::routing {
namespace {

bool is_name_char(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && ((c >= '0' && c <= '9') || c == '-'));
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Whether a service may take a query's name for one that `to` sets: case is ignored, and "user[]" counts as "user".
const std::string* name_taken(std::string_view query, const std::vector<std::string>& names) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    std::string name = decode(pair.substr(0, pair.find('=')), Place::query);
    name.resize(std::min(name.find('['), name.size()));
    for (const std::string& ours : names) {
      if (std::ranges::equal(name, ours, {}, lower, lower)) return &ours;
    }
  }
  return nullptr;
}

}  // namespace

Parsed<Destination> parse_destination(std::string_view to, const MatchPattern& pattern, Template::Names names) {
  Destination destination;
  const std::size_t space = to.find(' ');
  destination.upstream = to.substr(0, space);
  if (destination.upstream.empty()) return wrong(0, "an upstream's name is missing; write \"UPSTREAM [PATH]\"");
  for (std::size_t i = 0; i < destination.upstream.size(); ++i) {
    if (is_name_char(to[i], i == 0)) continue;
    return wrong(i, to[i] == '/' ? "one space stands between the upstream's name and the path"
                                 : "this character is no part of an upstream's name");
  }
  if (space == std::string_view::npos) return destination;
  Parsed<Template> path = Template::parse(to.substr(space + 1), pattern, names);
  if (!path) return wrong(space + 1 + path.error().offset, std::move(path.error().text));
  destination.path = std::move(*path);
  return destination;
}

Result<> append_target(std::string& out, const Template& path, const TemplateValues& values) {
  if (values.query && !is_clean_query(*values.query)) {
    return fail(Origin::client, "bad_request", "the query holds a character that must be percent-encoded");
  }
  if (path.empty()) {
    out += values.path;
  } else {
    if (values.query && !path.query_names().empty()) {
      if (const std::string* name = name_taken(*values.query, path.query_names())) {
        return fail(Origin::client, "bad_request", fmt::format("the route itself sets the query's \"{}\"", *name));
      }
    }
    if (Result<> rendered = path.append_to(out, values); !rendered) return rendered;
  }
  if (!values.query) return {};
  if (!path.has_query()) {
    out += '?';
  } else if (values.query->empty()) {
    return {};
  } else {
    out += '&';
  }
  out += *values.query;
  return {};
}

}  // namespace tandem::routing
