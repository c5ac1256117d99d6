// What references find in the parts that are there: values for calls, and all that `each` goes through. Pure.
#pragma once
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/handlers/aggregate/outcome.h"
#include "gateway/handlers/aggregate/plan.h"
#include "gateway/json/tree.h"

namespace tandem::gateway {

// What a part has given: its value, or those of `each` in their order. An origin without a document stands for a value
// that is missing.
struct PartBody {
  bool is_list = false;
  std::vector<json::Tree::Origin> values;
};

// Follows a reference into a part's body. Gives nothing for null; a failure ("reference") for what is missing, no
// scalar, or half a character.
std::expected<std::optional<ReferenceValue>, PartFailure> find_value(const Reference& reference, const PartBody& body);

// All that `each` goes through: the distinct values in their order, and where in the source each was found.
struct EachValues {
  std::vector<ReferenceValue> values;
  struct Occurrence {
    json::Tree::Origin anchor;  // the element of the plan's anchor_elements
    std::size_t value = 0;
  };
  std::vector<Occurrence> occurrences;
};
// Null and missing ones are left out; others than scalars, and more than `most`, are failures.
std::expected<EachValues, PartFailure> collect_values(const PartPlan& plan, const PartBody& source, std::size_t most);

// Of one call for all values: the element that belongs to each, by its value at `by`.
std::vector<json::Tree::Origin> match_elements(const json::Document& document, json::Document::Node array,
                                               const json::Path& by, std::span<const ReferenceValue> values);

}  // namespace tandem::gateway
