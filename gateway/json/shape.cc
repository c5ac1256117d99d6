#include "gateway/json/shape.h"

#include <algorithm>

#include "gateway/json/text.h"

namespace tandem::json {
namespace {

std::vector<std::string_view> names_of(std::span<const Step> path) {
  std::vector<std::string_view> names;
  for (const Step& step : path) {
    if (!step.elements) names.push_back(step.name);
  }
  return names;
}

std::unexpected<std::string> nothing_named() { return std::unexpected(std::string("the path names no member")); }

}  // namespace

Shape::Entry* Shape::find(Level level, std::string_view name) {
  const auto found = std::ranges::find(levels_[level].entries, name, &Entry::name);
  return found == levels_[level].entries.end() ? nullptr : &*found;
}

Shape::Entry& Shape::make(Level level, std::string_view name) {
  if (Entry* known = find(level, name)) return *known;
  Entry& made = levels_[level].entries.emplace_back();
  made.name = name;
  return made;
}

// The level of what lies under that name, made where there is none.
Shape::Level Shape::below(Level level, std::string_view name) {
  if (const Level known = make(level, name).below; known != kAll) return known;
  levels_.emplace_back();  // entries of other levels stay where they are, but not those levels
  const auto made = static_cast<Level>(levels_.size() - 1);
  make(level, name).below = made;
  return made;
}

std::expected<void, std::string> Shape::keep(const Path& path) {
  const auto names = names_of(path);
  if (names.empty()) return nothing_named();
  Level level = kTop;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size();
    levels_[level].only = true;
    if (const Entry* known = find(level, names[i])) {
      if (last) return std::unexpected("it is kept already, or a part of it");
      if (known->below == kAll) return std::unexpected("all of what it lies in is kept already");
    }
    if (last) {
      make(level, names[i]);
    } else {
      level = below(level, names[i]);
    }
  }
  return {};
}

std::expected<void, std::string> Shape::drop(const Path& path) {
  const auto names = names_of(path);
  if (names.empty()) return nothing_named();
  Level level = kTop;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Entry* known = find(level, names[i]);
    if (levels_[level].only && !known) return std::unexpected("`keep` leaves it out already");
    if (known && !known->kept) return std::unexpected("it is dropped already");
    if (i + 1 == names.size()) {
      make(level, names[i]).kept = false;
    } else {
      level = below(level, names[i]);
    }
  }
  return {};
}

std::expected<void, std::string> Shape::rename(const Path& path, std::string_view name) {
  const auto names = names_of(path);
  if (names.empty()) return nothing_named();
  Level level = kTop;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Entry* known = find(level, names[i]);
    if ((levels_[level].only && !known) || (known && !known->kept)) {
      return std::unexpected("`keep` or `drop` leaves it out");
    }
    if (i + 1 < names.size()) {
      level = below(level, names[i]);
      continue;
    }
    const std::string quoted = quote(name);
    if (known && !known->new_name.empty()) return std::unexpected("it is renamed already");
    if (std::ranges::find(levels_[level].entries, quoted, &Entry::new_name) != levels_[level].entries.end()) {
      return std::unexpected("something else beside it gets that name");
    }
    make(level, names[i]).new_name = quoted;
  }
  return {};
}

Shape::Verdict Shape::member(Level level, std::string_view quoted) const {
  const OneLevel& here = levels_[level];
  for (const Entry& entry : here.entries) {
    if (!says(quoted, entry.name)) continue;
    return {entry.kept, entry.new_name.empty() ? nullptr : &entry.new_name, entry.below};
  }
  return {.kept = !here.only, .name = nullptr, .below = kAll};
}

bool Shape::makes_names_meet(const Document& document, Document::Node node) const {
  const bool renames = std::ranges::any_of(levels_, [](const OneLevel& level) {
    return std::ranges::any_of(level.entries, [](const Entry& entry) { return !entry.new_name.empty(); });
  });
  return renames && meet(document, node, kTop);
}

bool Shape::meet(const Document& document, Document::Node node, Level level) const {
  if (levels_[level].plain()) return false;
  const bool object = document.is(node, Document::Kind::object);
  if (!object && !document.is(node, Document::Kind::array)) return false;
  // The new names that members really get.
  std::vector<const std::string*> given;
  for (const Entry& entry : levels_[level].entries) {
    if (object && !entry.new_name.empty() && document.member(node, entry.name)) given.push_back(&entry.new_name);
  }
  for (auto c = Document::first(node); c != document.behind(node); c = document.behind(c)) {
    const Verdict verdict = object ? member(level, document.key(c)) : Verdict{.below = level};
    if (!verdict.kept) continue;
    const auto taken = [&](const std::string* name) { return same_string(document.key(c), *name); };
    if (object && !verdict.name && std::ranges::any_of(given, taken)) return true;
    if (meet(document, c, verdict.below)) return true;
  }
  return false;
}

std::optional<Path> Shape::renamed(std::span<const Step> path) const {
  Path there;
  Level level = kTop;
  for (const Step& step : path) {
    Step& made = there.emplace_back(step);
    if (step.elements) continue;
    const Verdict verdict = member(level, quote(step.name));
    if (!verdict.kept) return std::nullopt;
    if (verdict.name) made.name = decode_string(*verdict.name).value_or("");
    level = verdict.below;
  }
  return there;
}

}  // namespace tandem::json
