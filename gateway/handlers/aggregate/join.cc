#include "gateway/handlers/aggregate/join.h"

#include <algorithm>
#include <map>

#include "common/base/json_writer.h"

namespace tandem::gateway {
namespace {

using json::Tree;

class Join {
 public:
  Join(AggregateRun& run, const AggregatePlan& plan, const AggregateConfig& config)
      : run_(run), plan_(plan), config_(config), tree_(config.collisions) {}

  std::optional<std::string> join() {
    for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
      if (std::ranges::find(plan_.placed_last, i) == plan_.placed_last.end()) put(i);
    }
    for (const std::size_t i : plan_.placed_last) put_into_elements(i);
    if (run_.fatal()) return std::nullopt;
    put_errors();
    std::string out;
    if (!tree_.write(out, config_.max_size)) return std::nullopt;
    return out;
  }

 private:
  void note(std::size_t part, Tree::Outcome outcome) {
    if (outcome == Tree::Outcome::done) return;
    const bool collision = outcome == Tree::Outcome::collision;
    run_.fail(part, {.err = collision ? "collision" : "no_place",
                     .detail = collision ? "a name that it gives is there already" : "its place is of another kind"});
  }

  // What stands for the part as a whole.
  std::optional<Tree::Ref> whole(std::size_t part) {
    const PartBody& body = run_.parts()[part].body;
    const json::Shape& shape = plan_.parts[part].shape;
    if (!run_.parts()[part].has_body()) return std::nullopt;
    if (!body.is_list) {
      if (body.values.empty() || !body.values.front().document) return std::nullopt;
      return make(part, body.values.front(), shape);
    }
    std::vector<Tree::Ref> values;
    for (const Tree::Origin& value : body.values) {
      if (value.document) values.push_back(make(part, value, shape));
    }
    return tree_.make_list(std::move(values));
  }

  // A fallback is taken as it is.
  Tree::Ref make(std::size_t part, Tree::Origin origin, const json::Shape& shape) {
    const auto& fallback = plan_.parts[part].fallback;
    return tree_.make(origin, fallback && origin.document == &*fallback ? all_ : shape);
  }

  void put(std::size_t part) {
    const auto value = whole(part);
    if (!value) return;
    const json::Path& path = plan_.parts[part].put;
    note(part, path.empty() ? tree_.merge(*value) : tree_.put(path, 0, [value](const auto&) { return value; }));
  }

  void put_into_elements(std::size_t part) {
    const PartPlan& plan = plan_.parts[part];
    const PartState& state = run_.parts()[part];
    if (!state.has_body() || !state.body.is_list) return;
    std::map<Tree::Origin, std::vector<std::size_t>> by_anchor;
    for (const EachValues::Occurrence& found : state.each.occurrences) {
      std::vector<std::size_t>& values = by_anchor[found.anchor];
      if (std::ranges::find(values, found.value) == values.end()) values.push_back(found.value);
    }
    const auto elements = static_cast<std::size_t>(std::ranges::count_if(plan.each->path, &json::Step::elements));
    const bool single = elements == plan.anchor_elements;
    note(part, tree_.put(plan.put, plan.anchor, [&](const Tree::Origin& anchor) -> std::optional<Tree::Ref> {
      const auto found = by_anchor.find(anchor);
      if (found == by_anchor.end()) return std::nullopt;
      std::vector<Tree::Ref> values;
      for (const std::size_t value : found->second) {
        if (state.body.values[value].document) values.push_back(make(part, state.body.values[value], plan.shape));
      }
      if (!single) return tree_.make_list(std::move(values));
      return values.empty() ? std::nullopt : std::optional(values.front());
    }));
  }

  void put_errors() {
    if (plan_.errors_at.empty()) return;
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    bool any = false;
    for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
      const PartFailure& failure = run_.parts()[i].failure;
      if (!failure.failed()) continue;
      any = true;
      json.key(plan_.parts[i].name).begin_object().member("reason", failure.err);
      if (failure.status != 0) json.member("status", failure.status);
      json.end_object();
    }
    json.end_object();
    if (!any) return;
    if (auto document = json::Document::parse(std::move(text))) {
      errors_ = *std::move(document);
      const Tree::Ref value = tree_.make({&*errors_, 0}, all_);
      (void)tree_.put(plan_.errors_at, 0, [value](const auto&) { return std::optional(value); });
    }
  }

  AggregateRun& run_;
  const AggregatePlan& plan_;
  const AggregateConfig& config_;
  const json::Shape all_;
  std::optional<json::Document> errors_;
  Tree tree_;
};

}  // namespace

std::optional<std::string> join_parts(AggregateRun& run, const AggregatePlan& plan, const AggregateConfig& config) {
  return Join(run, plan, config).join();
}

}  // namespace tandem::gateway
