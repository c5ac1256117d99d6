#include "common/config/document.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/config/files.h"
#include "common/config/parse.h"

namespace tandem::config {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;  // of one file; a configuration of that size is none
constexpr std::size_t kMostFiles = 1000;

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileId&) const = default;
};

class Loader {
 public:
  explicit Loader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // Loads `path`, named at `named_at`, and merges it and its includes into the root.
  void load(const std::string& path, Place named_at);
  Value take() && { return std::move(root_); }

 private:
  bool is_new(const std::string& path, Place named_at);
  void include(const Value& patterns, const std::string& path);
  void include_one(const Value& pattern, const std::string& path);
  void merge(Value::Table members);
  void merge_into(Member& present, Member added);
  void defined_twice(const std::string& what, const Member& added, Place first) {
    diagnostics_.error(added.place, fmt::format("{} is already defined at {}", what, diagnostics_.describe(first)));
  }

  Diagnostics& diagnostics_;
  Value root_;
  std::vector<FileId> seen_;
  std::vector<FileId> open_;  // the chain of files that include each other, down to the present one
};

bool Loader::is_new(const std::string& path, Place named_at) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return true;  // reading will say why
  const FileId id{status.st_dev, status.st_ino};
  if (std::ranges::find(open_, id) != open_.end()) {
    diagnostics_.error(named_at, fmt::format("include: {} includes itself", quoted(path)));
    return false;
  }
  if (std::ranges::find(seen_, id) != seen_.end()) {
    diagnostics_.error(named_at, fmt::format("include: {} is included twice", quoted(path)));
    return false;
  }
  if (seen_.size() >= kMostFiles) {
    diagnostics_.error(named_at, fmt::format("include: more than {} files", kMostFiles));
    return false;
  }
  seen_.push_back(id);
  open_.push_back(id);
  return true;
}

void Loader::load(const std::string& path, Place named_at) {
  const std::size_t depth = open_.size();
  if (!is_new(path, named_at)) return;
  auto text = read_file(path, kMostBytes);
  if (!text) {
    if (named_at.known()) {
      diagnostics_.error(named_at, "include: " + text.error().detail);
    } else {
      const std::string why = text.error().detail.substr(path.size() + 2);  // without the path, which stands in front
      diagnostics_.error({diagnostics_.add_file(path, {}), 0, 0}, "cannot be read: " + why);
    }
  } else {
    const std::uint32_t file = diagnostics_.add_file(path, *std::move(text));
    if (auto parsed = parse_toml(file, diagnostics_)) {
      Value::Table members = std::move(*parsed->table());
      const auto includes = std::ranges::find(members, "include", &Member::key);
      std::optional<Value> patterns;
      if (includes != members.end()) {
        patterns = std::move(includes->value);
        members.erase(includes);
      }
      merge(std::move(members));
      if (patterns) include(*patterns, path);
    }
  }
  open_.resize(depth);
}

void Loader::include(const Value& patterns, const std::string& path) {
  if (!patterns.array()) {
    diagnostics_.error(
        patterns.place,
        fmt::format("include: expected a list of paths such as [\"conf.d/*.toml\"], found {}", patterns.type_name()));
    return;
  }
  for (const Value& pattern : *patterns.array()) include_one(pattern, path);
}

void Loader::include_one(const Value& pattern, const std::string& path) {
  if (!pattern.text() || pattern.text()->empty() || pattern.text()->find('\0') != std::string::npos) {
    diagnostics_.error(pattern.place, "include: expected a path such as \"conf.d/*.toml\"");
    return;
  }
  const std::string wanted = relative_to(path, *pattern.text());
  if (wanted.find_first_of("*?[") == std::string::npos) return load(wanted, pattern.place);
  glob_t found{};
  if (::glob(wanted.c_str(), GLOB_MARK, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      const std::string match = found.gl_pathv[i];
      if (!match.ends_with('/')) load(match, pattern.place);  // a folder that matches is no file
    }
  }
  ::globfree(&found);
}

void Loader::merge(Value::Table members) {
  for (Member& added : members) {
    Value::Table& present = *root_.table();
    const auto same = std::ranges::find(present, added.key, &Member::key);
    if (same == present.end()) {
      present.push_back(std::move(added));
    } else {
      merge_into(*same, std::move(added));
    }
  }
}

// Lists of tables ([[route]]) are joined, named things ([upstream.x]) put side by side; everything else is given once.
void Loader::merge_into(Member& present, Member added) {
  if (present.value.array() && added.value.array()) {
    for (Value& item : *added.value.array()) present.value.array()->push_back(std::move(item));
    return;
  }
  const auto holds_tables = [](const Member& m) {
    return m.value.table() && std::ranges::all_of(*m.value.table(), [](const Member& x) { return x.value.table(); });
  };
  if (!holds_tables(present) || !holds_tables(added)) return defined_twice(quoted(added.key), added, present.place);
  for (Member& named : *added.value.table()) {
    const auto same = std::ranges::find(*present.value.table(), named.key, &Member::key);
    if (same == present.value.table()->end()) {
      present.value.table()->push_back(std::move(named));
    } else {
      defined_twice(fmt::format("{} {}", added.key, quoted(named.key)), named, same->place);
    }
  }
}

}  // namespace

std::optional<Value> load_document(const std::string& path, Diagnostics& diagnostics) {
  Loader loader(diagnostics);
  loader.load(path, {});
  if (diagnostics.has_errors()) return std::nullopt;
  Value root = std::move(loader).take();
  root.place = {0, 0, 0};
  return root;
}

}  // namespace tandem::config
