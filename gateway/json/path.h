// Where something stands in a JSON text: "orders[].items[].id" as the configuration writes it, and JSON Pointer (RFC
// 6901). Read at load, followed for every request.
#pragma once
#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/json/document.h"

namespace tandem::json {

struct Step {
  bool elements = false;  // "[]": each element of an array
  std::string name;       // else the member of that name, or the element of that number

  bool operator==(const Step&) const = default;
};
using Path = std::vector<Step>;

struct PathError {
  std::size_t offset = 0;
  std::string text;
};

// Names with dots between them, and "[]" where an array is gone through: "a.b", "[].id", "orders[].items[].id". A dot
// or a bracket that is part of a name is written behind a backslash.
std::expected<Path, PathError> parse_path(std::string_view text);
std::string to_text(std::span<const Step> path);

// "" (the whole), "/data/items", "/a~1b/0".
std::expected<std::vector<std::string>, PathError> parse_pointer(std::string_view text);

// From `from` on. A name is looked for among members, or is an element's number (RFC 6901 §4).
std::optional<Document::Node> step_into(const Document& document, Document::Node from, std::string_view name);
std::optional<Document::Node> follow(const Document& document, Document::Node from,
                                     std::span<const std::string> pointer);

}  // namespace tandem::json
