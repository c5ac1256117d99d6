// "did you mean": the nearest of the words that would have been right. Pure functions.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tandem::config {

// The candidate that differs from `word` by the fewest edits (a swap of neighbours is one), when few enough for a slip.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// `; did you mean "…"?`, or nothing where no candidate is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace tandem::config
