// What {…} in a part's call and body stands for: a parameter of the route, a value out of another part, or the value
// that `each` is at. Compiled at load; values are given for every call.
#pragma once
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/json/path.h"
#include "gateway/routing/pattern.h"

namespace tandem::gateway {

struct Reference {
  enum class Kind : std::uint8_t { param, part, each, joined };
  Kind kind = Kind::part;
  std::string name;       // of the parameter or the part
  std::size_t index = 0;  // of the parameter, or of the part: see the plan
  json::Path path;        // within the part's body; names only
  std::string separator;  // of `joined`
};

struct ReferenceMistake {
  std::size_t offset = 0;
  std::string what;
};

// The text between the braces: "id", "user.address.city", "each", "each:,". Whether a part of that name exists is the
// caller's to see.
std::expected<Reference, ReferenceMistake> parse_reference(std::string_view text, const routing::MatchPattern& pattern);

// What a reference gives: as plain text for a URL or within a string, and as JSON.
struct ReferenceValue {
  std::string text;
  std::string json;
};

// The body of a part's POST: a JSON text in which {reference} may stand for a value, and within strings ("{{" and "}}"
// are braces there). A value cannot leave its place.
class BodyTemplate {
 public:
  static std::expected<BodyTemplate, ReferenceMistake> parse(std::string_view text,
                                                             const routing::MatchPattern& pattern);

  struct Found {
    Reference reference;
    std::size_t offset = 0;  // in the text
  };
  const std::vector<Found>& references() const { return references_; }
  std::vector<Found>& references() { return references_; }

  // `values`: in the order of references(), for `joined` all values with the separator between them.
  std::string render(std::span<const ReferenceValue> values) const;

 private:
  struct Piece {
    std::string literal;
    bool in_string = false;
    bool is_reference = false;  // the next one
  };
  std::vector<Piece> pieces_;
  std::vector<Found> references_;
};

}  // namespace tandem::gateway
