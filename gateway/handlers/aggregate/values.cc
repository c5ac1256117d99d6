#include "gateway/handlers/aggregate/values.h"

#include <map>

#include <fmt/format.h>

#include "gateway/json/path.h"

namespace tandem::gateway {
namespace {

using json::Document;
using json::Tree;
using Kind = json::Document::Kind;

std::unexpected<PartFailure> no_value(std::string detail) {
  return std::unexpected(PartFailure{.err = "reference", .detail = std::move(detail)});
}

std::expected<ReferenceValue, PartFailure> scalar(const Document& document, Document::Node node) {
  if (!document.is_scalar(node)) return no_value("a value is expected and an array or object is there");
  auto text = document.text(node);
  if (!text) return no_value("a string holds half a character");
  return ReferenceValue{*std::move(text), std::string(document.raw(node))};
}

// Walks over all that a path with "[]" leads to.
class Collector {
 public:
  Collector(const PartPlan& plan, std::size_t most) : plan_(plan), most_(most) {}

  std::expected<EachValues, PartFailure> run(const PartBody& source) {
    const std::span<const json::Step> path = plan_.each->path;
    if (!source.is_list) {
      if (!source.values.empty() && source.values.front().document) walk(source.values.front(), path, 0, {});
    } else if (path.front().elements) {
      for (const Tree::Origin& value : source.values) {
        if (value.document) walk(value, path.subspan(1), 1, plan_.anchor_elements == 1 ? value : Tree::Origin());
      }
    } else {
      return no_value("each: the part is a list");
    }
    if (failure_) return std::unexpected(*std::move(failure_));
    return std::move(found_);
  }

 private:
  void walk(Tree::Origin at, std::span<const json::Step> path, std::size_t elements, Tree::Origin anchor) {
    if (failure_) return;
    const Document& document = *at.document;
    if (document.is(at.node, Kind::null)) return;
    if (path.empty()) return take(at, anchor);
    if (!path.front().elements) {
      if (document.is_scalar(at.node)) return fail("each: a scalar stands where an object is expected");
      if (const auto next = json::step_into(document, at.node, path.front().name)) {
        walk({&document, *next}, path.subspan(1), elements, anchor);
      }
      return;
    }
    if (!document.is(at.node, Kind::array)) return fail("each: no array stands where \"[]\" is written");
    for (auto c = Document::first(at.node); c != document.behind(at.node); c = document.behind(c)) {
      const Tree::Origin element{&document, c};
      walk(element, path.subspan(1), elements + 1, elements + 1 == plan_.anchor_elements ? element : anchor);
    }
  }

  void take(Tree::Origin at, Tree::Origin anchor) {
    auto value = scalar(*at.document, at.node);
    if (!value) {
      failure_ = std::move(value.error());
      return;
    }
    const auto [known, fresh] = by_text_.try_emplace(value->text, found_.values.size());
    if (fresh) {
      if (found_.values.size() == most_) {
        failure_ = PartFailure{.err = "too_many", .detail = fmt::format("each: more than {} values", most_)};
        return;
      }
      const std::string& separator = plan_.each->separator;
      if (!separator.empty() && value->text.contains(separator)) return fail("each: a value holds the separator");
      found_.values.push_back(*std::move(value));
    }
    found_.occurrences.push_back({anchor, known->second});
  }

  void fail(std::string detail) { failure_ = PartFailure{.err = "reference", .detail = std::move(detail)}; }

  const PartPlan& plan_;
  const std::size_t most_;
  EachValues found_;
  std::map<std::string, std::size_t> by_text_;
  std::optional<PartFailure> failure_;
};

}  // namespace

std::expected<std::optional<ReferenceValue>, PartFailure> find_value(const Reference& reference, const PartBody& body) {
  std::span<const json::Step> path = reference.path;
  Tree::Origin at;
  if (!body.is_list) {
    if (!body.values.empty()) at = body.values.front();
  } else if (!path.empty()) {
    for (std::size_t i = 0; i < body.values.size(); ++i) {
      if (path.front().name == std::to_string(i)) at = body.values[i];
    }
    path = path.subspan(1);
  }
  const auto missing = [&] { return no_value(fmt::format("{{{}}}: there is no such value", reference.name)); };
  if (!at.document) return missing();
  for (const json::Step& step : path) {
    const auto next = json::step_into(*at.document, at.node, step.name);
    if (!next) return missing();
    at.node = *next;
  }
  if (at.document->is(at.node, Kind::null)) return std::nullopt;
  auto value = scalar(*at.document, at.node);
  if (!value) return std::unexpected(std::move(value.error()));
  return *std::move(value);
}

std::expected<EachValues, PartFailure> collect_values(const PartPlan& plan, const PartBody& source, std::size_t most) {
  return Collector(plan, most).run(source);
}

std::vector<Tree::Origin> match_elements(const Document& document, Document::Node array, const json::Path& by,
                                         std::span<const ReferenceValue> values) {
  std::vector<Tree::Origin> found(values.size());
  if (!document.is(array, Kind::array)) return found;
  std::map<std::string_view, std::size_t> by_text;
  for (std::size_t i = 0; i < values.size(); ++i) by_text.emplace(values[i].text, i);
  for (auto c = Document::first(array); c != document.behind(array); c = document.behind(c)) {
    std::optional<Document::Node> at = c;
    for (const json::Step& step : by) {
      if (at) at = json::step_into(document, *at, step.name);
    }
    const auto text = at ? document.text(*at) : std::nullopt;
    const auto value = text ? by_text.find(*text) : by_text.end();
    if (value != by_text.end() && !found[value->second].document) found[value->second] = {&document, c};
  }
  return found;
}

}  // namespace tandem::gateway
