// Counters of the registry put together: the members of one family, added up in groups (by a label, such as the route)
// and in classes (by what a member counts, such as 5xx). Members that are registered later join by themselves. Owned by
// who reads them regularly, on one thread; what it keeps grows with the family only.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/counters.h"

namespace tandem::observe {

// The value of a label; empty where there is none.
std::string_view label_value(const Labels& labels, std::string_view name);

class GroupedCounters {
 public:
  using GroupOf = std::function<std::string(const Labels&)>;
  using ClassOf = std::function<std::size_t(const Labels&)>;  // below `classes`

  GroupedCounters(std::string family, GroupOf group_of, std::size_t classes = 1, ClassOf class_of = {});

  void read();  // the family as it is now
  // Group after group, each with its classes. Until the next read().
  std::span<const std::uint64_t> values() const { return sums_; }
  std::size_t groups() const { return ordered_.size(); }
  std::string_view name(std::size_t group) const { return *ordered_[group]; }
  // The number of a group; nothing that was counted belongs to one that is not there.
  std::optional<std::size_t> group(std::string_view name) const;
  std::uint64_t total(std::size_t of_class) const;  // over all groups

 private:
  const std::string family_;
  const GroupOf group_of_;
  const std::size_t classes_;
  const ClassOf class_of_;
  std::map<std::string, std::size_t, std::less<>> names_;
  std::vector<const std::string*> ordered_;  // the names in it, by number
  std::vector<Counter> members_;
  std::vector<std::size_t> places_;  // of each member, in sums_
  std::vector<std::uint64_t> values_;
  std::vector<std::uint64_t> sums_;
};

// The same for histograms: the classes are the buckets.
class GroupedHistograms {
 public:
  GroupedHistograms(std::string family, GroupedCounters::GroupOf group_of);

  void read();
  std::span<const std::uint64_t> values() const { return sums_; }  // group after group, each with its buckets
  std::optional<std::size_t> group(std::string_view name) const;
  std::vector<std::uint64_t> total() const;  // in each bucket, over all groups

 private:
  const std::string family_;
  const GroupedCounters::GroupOf group_of_;
  std::map<std::string, std::size_t, std::less<>> names_;
  std::vector<Histogram> members_;
  std::vector<std::size_t> groups_;  // of each member
  std::vector<std::uint64_t> values_;
  std::vector<std::uint64_t> sums_;
};

}  // namespace tandem::observe
