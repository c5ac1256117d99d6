// What is left of a JSON text, and under which names: `keep`, `drop` and `rename` compiled into one description that a
// single walk obeys. Names go through arrays on their way. Made at load, then immutable.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/json/document.h"
#include "gateway/json/path.h"

namespace tandem::json {

class Shape {
 public:
  // How deep the walk is within the paths; arrays are of the level of their elements.
  using Level = std::uint32_t;
  static constexpr Level kAll = 0;  // everything as it is
  static constexpr Level kTop = 1;

  Shape() : levels_(2) {}

  // In this order. Each refuses what makes no sense, with a sentence that says why. "[]" in a path says nothing more.
  std::expected<void, std::string> keep(const Path& path);
  std::expected<void, std::string> drop(const Path& path);
  std::expected<void, std::string> rename(const Path& path, std::string_view name);

  bool is_all() const { return levels_[kTop].plain(); }

  struct Verdict {
    bool kept = true;
    const std::string* name = nullptr;  // another one, with its quotes
    Level below = kAll;
  };
  // Of a member whose name is `quoted`.
  Verdict member(Level level, std::string_view quoted) const;

  // Whether a value is of a kind that something of is kept: where only members of it are, a scalar is left out.
  bool takes(Level level, const Document& document, Document::Node node) const {
    return !levels_[level].only || !document.is_scalar(node);
  }

  // Whether a name would stand twice in an object of `node` once some are renamed.
  bool makes_names_meet(const Document& document, Document::Node node) const;

  // Where `path` leads once this has been applied; nothing where it is left out.
  std::optional<Path> renamed(std::span<const Step> path) const;

 private:
  struct Entry {
    std::string name;
    bool kept = true;
    std::string new_name;  // with quotes; empty: its own
    Level below = kAll;
  };
  struct OneLevel {
    bool only = false;  // what has no entry is left out
    std::vector<Entry> entries;
    bool plain() const { return !only && entries.empty(); }
  };

  Entry* find(Level level, std::string_view name);
  Entry& make(Level level, std::string_view name);
  Level below(Level level, std::string_view name);
  bool meet(const Document& document, Document::Node node, Level level) const;

  std::vector<OneLevel> levels_;  // the first is kAll and stays empty
};

}  // namespace tandem::json
