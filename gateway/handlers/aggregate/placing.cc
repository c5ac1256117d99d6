#include "gateway/handlers/aggregate/placing.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tandem::gateway {
namespace {

using json::Path;

bool has_elements(std::span<const json::Step> path) { return std::ranges::any_of(path, &json::Step::elements); }

class Placing {
 public:
  Placing(AggregatePlan& plan, const RouteConfig& route, const std::function<void(const PlanMistake&)>& report)
      : plan_(plan), route_(route), report_(report) {}

  bool run() {
    for (std::size_t i = 0; i < plan_.parts.size(); ++i) read(i);
    if (!good_) return false;
    std::vector<bool> done(plan_.parts.size());
    for (std::size_t i = 0; i < plan_.parts.size(); ++i) visit(i, done);
    if (route_.aggregate.collisions == json::Collisions::error) find_twins();
    return good_;
  }

 private:
  void mistake(std::size_t part, std::size_t offset, std::string what) {
    good_ = false;
    const PartConfig& config = route_.parts[part];
    report_({config.name, config.put.place, config.put.text, offset, "put: " + std::move(what)});
  }

  void read(std::size_t i) {
    const PlacedText& put = route_.parts[i].put;
    if (!put.place.known()) return;
    auto path = json::parse_path(put.text);
    if (!path) return mistake(i, path.error().offset, path.error().text);
    if (path->front().elements) return mistake(i, 0, "the answer is an object: a name comes first");
    if (path->back().elements) return mistake(i, 0, "a name comes last: what the value is called in each element");
    if (has_elements(*path) && !plan_.parts[i].each) {
      return mistake(i, 0, "\"[]\" stands for the elements that `each` goes over, and there is no `each`");
    }
    plan_.parts[i].put = *std::move(path);
  }

  // Dependencies first: where their elements are to be found must be known.
  void visit(std::size_t i, std::vector<bool>& done) {
    if (done[i]) return;
    done[i] = true;
    PartPlan& part = plan_.parts[i];
    for (const std::size_t need : part.needs) visit(need, done);
    if (!part.each || !has_elements(part.put)) return;
    plan_.placed_last.push_back(i);
    if (part.each->joined() && !part.each->by) {
      return mistake(i, 0, "`by` is missing: what of an element says for which value it is");
    }
    anchor(i);
  }

  // The deepest array that `each` goes over and whose elements lie on the way of `put`.
  void anchor(std::size_t i) {
    PartPlan& part = plan_.parts[i];
    std::vector<std::string> possible;
    std::size_t elements = 0;
    for (std::size_t steps = 1; steps <= part.each->path.size(); ++steps) {
      if (!part.each->path[steps - 1].elements) continue;
      ++elements;
      const auto there = place_of(part.each->part, std::span(part.each->path).first(steps));
      if (!there) continue;
      possible.push_back(config::quoted(json::to_text(*there) + ".…"));
      if (there->size() >= part.put.size() || !std::equal(there->begin(), there->end(), part.put.begin())) continue;
      if (has_elements(std::span(part.put).subspan(there->size()))) continue;
      part.anchor = there->size();
      part.anchor_elements = elements;
    }
    if (part.anchor_elements != 0) return;
    if (possible.empty()) {
      return mistake(i, 0, "what `each` goes over does not come into the answer; a `put` without \"[]\" takes a list");
    }
    mistake(i, 0, fmt::format("\"[]\" must follow what `each` goes over: {}", fmt::join(possible, " or ")));
  }

  // Where in the answer elements of a part's body are found; nothing where they are left out.
  std::optional<Path> place_of(std::size_t from, std::span<const json::Step> path) const {
    const PartPlan& part = plan_.parts[from];
    Path there = part.put;
    const bool list = part.each && (part.is_many() || part.each->by);
    if (list && path.front().elements) {
      // Its elements are what has been put one by one, or a list in one place.
      if (part.anchor_elements == 0) there.push_back({true, {}});
      path = path.subspan(1);
    } else if (list) {
      return std::nullopt;
    }
    const auto renamed = part.shape.renamed(path);
    if (!renamed) return std::nullopt;
    there.insert(there.end(), renamed->begin(), renamed->end());
    return there;
  }

  void find_twins() {
    for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
      for (std::size_t other = 0; other < i; ++other) {
        if (plan_.parts[i].put.empty() || plan_.parts[i].put != plan_.parts[other].put) continue;
        mistake(i, 0, fmt::format("part {} is put there already", config::quoted(plan_.parts[other].name)));
      }
    }
  }

  AggregatePlan& plan_;
  const RouteConfig& route_;
  const std::function<void(const PlanMistake&)>& report_;
  bool good_ = true;
};

}  // namespace

bool place_parts(AggregatePlan& plan, const RouteConfig& route, const std::function<void(const PlanMistake&)>& report) {
  return Placing(plan, route, report).run();
}

}  // namespace tandem::gateway
