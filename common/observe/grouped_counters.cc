#include "common/observe/grouped_counters.h"

#include <algorithm>
#include <utility>

namespace tandem::observe {
namespace {

std::optional<std::size_t> find(const std::map<std::string, std::size_t, std::less<>>& names, std::string_view name) {
  const auto found = names.find(name);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::string_view label_value(const Labels& labels, std::string_view name) {
  const auto found = std::ranges::find(labels, name, &Labels::value_type::first);
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

GroupedCounters::GroupedCounters(std::string family, GroupOf group_of, std::size_t classes, ClassOf class_of)
    : family_(std::move(family)), group_of_(std::move(group_of)), classes_(classes), class_of_(std::move(class_of)) {}

void GroupedCounters::read() {
  for (const auto& member : Counters::members(family_, members_.size())) {
    const auto [group, fresh] = names_.try_emplace(group_of_(member.labels), names_.size());
    if (fresh) ordered_.push_back(&group->first);
    members_.push_back(member.counter);
    places_.push_back(group->second * classes_ + (class_of_ ? class_of_(member.labels) : 0));
  }
  values_.resize(members_.size());
  Counters::read(members_, values_);
  sums_.assign(names_.size() * classes_, 0);
  for (std::size_t i = 0; i < members_.size(); ++i) sums_[places_[i]] += values_[i];
}

std::optional<std::size_t> GroupedCounters::group(std::string_view name) const { return find(names_, name); }

std::uint64_t GroupedCounters::total(std::size_t of_class) const {
  std::uint64_t sum = 0;
  for (std::size_t i = of_class; i < sums_.size(); i += classes_) sum += sums_[i];
  return sum;
}

GroupedHistograms::GroupedHistograms(std::string family, GroupedCounters::GroupOf group_of)
    : family_(std::move(family)), group_of_(std::move(group_of)) {}

void GroupedHistograms::read() {
  const std::size_t buckets = Histogram::buckets();
  for (const auto& member : Counters::members(family_, members_.size())) {
    groups_.push_back(names_.try_emplace(group_of_(member.labels), names_.size()).first->second);
    members_.push_back(member.histogram);
  }
  values_.resize(members_.size() * buckets);
  Counters::read_buckets(members_, values_);
  sums_.assign(names_.size() * buckets, 0);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    for (std::size_t b = 0; b < buckets; ++b) sums_[groups_[i] * buckets + b] += values_[i * buckets + b];
  }
}

std::optional<std::size_t> GroupedHistograms::group(std::string_view name) const { return find(names_, name); }

std::vector<std::uint64_t> GroupedHistograms::total() const {
  std::vector<std::uint64_t> total(Histogram::buckets());
  for (std::size_t i = 0; i < sums_.size(); ++i) total[i % total.size()] += sums_[i];
  return total;
}

}  // namespace tandem::observe
