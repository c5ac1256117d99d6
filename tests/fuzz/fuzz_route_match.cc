// Routes and one request out of the input: no text of a configuration and no path may crash the room, what the table
// finds must be what a look at every route says, and what is sent on must be a clean request target.
//
// Input: one line per route ("match", "match\tto" or "match\tto\tQUERY": conditions on parameters), then a line
// "> METHOD HOST PATH[?QUERY]".
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/routing/destination.h"
#include "gateway/routing/explain.h"
#include "gateway/routing/redirect.h"
#include "gateway/routing/table.h"
#include "tests/fuzz/require.h"

using namespace tandem::routing;

namespace {

std::string_view take(std::string_view& text, char until) {
  const std::string_view taken = text.substr(0, text.find(until));
  text.remove_prefix(taken.size() < text.size() ? taken.size() + 1 : text.size());
  return taken;
}

bool is_clean(std::string_view target) {
  if (!target.starts_with('/') || target.starts_with("//")) return false;
  for (const unsigned char c : target) {
    if (c <= ' ' || c >= 0x7f || c == '#') return false;
  }
  std::string_view path = target.substr(0, target.find('?'));
  if (path.contains('\\')) return false;
  while (!path.empty()) {
    if (is_dot_segment(take(path, '/'))) return false;
  }
  return true;
}

struct Route {
  std::string to;
  RouteSpec spec;
};

// "a=1&b=2" as conditions.
std::vector<Condition> conditions_of(std::string_view text) {
  std::vector<Condition> made;
  while (!text.empty() && made.size() < 4) {
    std::string_view pair = take(text, '&');
    const std::string_view name = take(pair, '=');
    made.push_back({Condition::Field::query, std::string(name), std::string(pair)});
  }
  return made;
}

class Query final : public Fields {
 public:
  explicit Query(std::string_view query) : query_(query) {}
  Tested test(const Condition& condition) const noexcept override { return test_query(query_, condition); }

 private:
  std::string_view query_;
};

void check_targets(const Route& route, const TemplateValues& values) {
  const auto destination = parse_destination(route.to, route.spec.pattern);
  if (!destination) require(destination.error().offset <= route.to.size());
  std::string out;
  if (destination && !destination->path.empty() && append_target(out, destination->path, values))
    require(is_clean(out));
  const auto redirect = Redirect::parse(route.to, route.spec.pattern);
  if (!redirect) require(redirect.error().offset <= route.to.size());
  out.clear();
  if (!redirect || !redirect->append_to(out, values)) return;
  require(!out.starts_with("//"));
  for (const unsigned char c : out) require(c > ' ' && c < 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<Route> routes;
  std::string_view line;
  while (!input.empty() && routes.size() < 64) {
    line = take(input, '\n');
    if (line.starts_with("> ")) break;
    const std::string_view match = take(line, '\t');
    auto pattern = parse_match(match);
    if (!pattern) {
      require(pattern.error().offset <= match.size() && !pattern.error().text.empty());
      continue;
    }
    const std::string_view to = take(line, '\t');
    routes.push_back({std::string(to), {std::move(*pattern), conditions_of(line)}});
  }
  if (!line.starts_with("> ")) return 0;
  line.remove_prefix(2);
  const std::string_view method = take(line, ' ');
  const std::string_view host = take(line, ' ');

  std::vector<RouteSpec> specs;
  for (const Route& route : routes) specs.push_back(route.spec);
  const auto table = RouteTable::build(std::move(specs));
  if (!table) {
    for (const Conflict& conflict : table.error()) require(conflict.route < routes.size());
    return 0;
  }
  const std::string_view path = take(line, '?');
  const Query fields(line);
  const RouteRequest request{host, 80, method, path, &fields};
  Params params;
  const Lookup lookup = table->find(request, params);
  if (!path.starts_with('/')) return 0;
  if (lookup.outcome == Lookup::Outcome::repeated_field) {
    require(lookup.repeated && fields.test(*lookup.repeated) == Tested::repeated);
    return 0;
  }
  const bool found = lookup.outcome == Lookup::Outcome::route;
  for (const Verdict& verdict : explain(*table, request)) require(found || !verdict.matches());
  if (!found) return 0;
  require(explain(*table, request)[lookup.route].kind == Verdict::Kind::chosen);
  require(params.count == routes[lookup.route].spec.pattern.params().size());
  check_targets(routes[lookup.route], {params.span(), "/as/it/came", line, "http", host});
  return 0;
}
