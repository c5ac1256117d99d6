#include "common/config/reader.h"

#include <sys/stat.h>

#include <cstdlib>

#include <fmt/format.h>

#include "common/config/files.h"

namespace tandem::config {

std::string Reader::in_context(std::string_view message) const {
  std::string text;
  for (const std::string& what : context_) text += what + ": ";
  return text.append(message);
}

bool Reader::error(Place place, std::string_view message) {
  diagnostics_.error(place, in_context(message));
  return false;
}

void Reader::warning(Place place, std::string_view message) { diagnostics_.warning(place, in_context(message)); }

bool Reader::expected(std::string_view what, const Value& found) {
  return error(found.place, fmt::format("expected {}, found {}", what, found.type_name()));
}

void Reader::warn_of_readable(Place place, const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !(status.st_mode & S_IROTH)) return;
  warning(place,
          fmt::format("{} can be read by every user of this machine; take that away with chmod o-r", quoted(path)));
}

std::optional<std::string> Reader::outside(const Member& source) {
  constexpr std::size_t kMostBytes = 1024 * 1024;
  const std::string* given = source.value.text();
  if (!given || given->empty() || given->find('\0') != std::string::npos) {
    error(source.value.place, fmt::format("{}: expected a name in quotes", source.key));
    return std::nullopt;
  }
  if (source.key == "env") {
    if (const char* value = std::getenv(given->c_str())) return value;
    error(source.value.place, fmt::format("the environment variable {} is not set", quoted(*given)));
    return std::nullopt;
  }
  auto text = read_file(relative_to(diagnostics_.file_name(source.value.place.file), *given), kMostBytes);
  if (!text) {
    error(source.value.place, text.error().detail);
    return std::nullopt;
  }
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return *std::move(text);
}

std::optional<Value> Reader::scalar(const Value& value) {
  const Value::Table* members = value.table();
  if (!members || members->size() != 1) return value;
  const Member& only = members->front();
  if (only.key != "env" && only.key != "file") return value;
  auto text = outside(only);
  if (!text) return std::nullopt;
  Value found(*std::move(text));
  found.place = value.place;
  found.from_outside = true;
  return found;
}

std::optional<std::string> Reader::text(const Value& value, std::string_view expected_what) {
  const auto found = scalar(value);
  if (!found) return std::nullopt;
  if (!found->text()) {
    expected(expected_what, *found);
    return std::nullopt;
  }
  if (found->text()->find('\0') != std::string::npos) {
    error(value.place, "a text must not hold a NUL");
    return std::nullopt;
  }
  return *found->text();
}

}  // namespace tandem::config
