// A route's parts compiled: who waits for whom, what is asked, what is taken of it and where it goes. Made at load,
// immutable, shared by all workers; `gateway explain` shows it.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config.h"
#include "gateway/handlers/aggregate/reference.h"
#include "gateway/json/document.h"
#include "gateway/json/shape.h"
#include "gateway/json/tree.h"
#include "gateway/routing/template.h"

namespace tandem::gateway {

// Where the values of an `each` part come from.
struct EachPlan {
  std::size_t part = 0;
  json::Path path;               // from that part's body on
  std::string separator;         // of one call for all values; empty: a call for each
  std::optional<json::Path> by;  // what of an element says for which value it is
  bool joined() const { return !separator.empty(); }
};

struct PartPlan {
  std::string name;
  bool required = false;
  routing::Template target;
  std::vector<Reference> target_references;  // in the order of target.references()
  std::optional<BodyTemplate> body;
  std::vector<std::size_t> needs;   // parts that it waits for; each once
  std::vector<std::size_t> serves;  // parts that wait for it
  std::optional<EachPlan> each;
  std::vector<std::string> headers;  // fields of the client's request that go along
  std::vector<std::string> take;
  json::Shape shape;
  json::Path put;                   // empty: merged at the root
  std::size_t anchor = 0;           // how many steps of `put` lead to what `each` goes over …
  std::size_t anchor_elements = 0;  // … and how many "[]" of `each` that is; 0: all values are put in one place
  std::optional<json::Document> fallback;

  // Each value is a call of its own, and its body an element of the part's.
  bool is_many() const { return each && !each->joined(); }
};

struct AggregatePlan {
  std::vector<PartPlan> parts;           // as declared
  std::vector<std::size_t> placed_last;  // those that are put into others' elements, dependencies first
  json::Path errors_at;                  // empty: nowhere
};

// What is wrong: with `offset` in `text`, which stands at `place`.
struct PlanMistake {
  std::string part;  // empty: with the aggregate itself
  config::Place place;
  std::string text;
  std::optional<std::size_t> offset;
  std::string what;
};

// Says every mistake; the plan is of use only if there is none.
AggregatePlan make_plan(const RouteConfig& route, const routing::MatchPattern& pattern,
                        const std::function<void(const PlanMistake&)>& report);

}  // namespace tandem::gateway
