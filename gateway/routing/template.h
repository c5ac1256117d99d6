// A path with an optional query in which {names} stand for values of the request: what `to` and `redirect` are made
// of. Each value is percent-encoded for its place and cannot leave it, whatever a client sends. Compiled at load,
// rendered by all workers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "gateway/routing/pattern.h"
#include "gateway/routing/spec_error.h"

namespace tandem::routing {

// What a template may draw on. Everything is borrowed for the call.
struct TemplateValues {
  std::span<const std::string_view> params;      // of the route, spelled as in the normalised path
  std::string_view path;                         // normalised
  std::optional<std::string_view> query;         // as it came, without "?"; nothing when there was no "?"
  std::string_view scheme;                       // "http" or "https"
  std::string_view host;                         // lower case, without port
  std::span<const std::string> references = {};  // in the order of Template::references(), each made by escaped()
};

class Template {
 public:
  // Which names may stand in braces beside the route's parameters.
  enum class Names : std::uint8_t { params, params_and_request, params_and_references };

  Template() = default;

  // Takes "/v1/orders?user={id}"; with Names::params_and_request also {path}, {query}, {scheme} and {host}, with
  // Names::params_and_references whatever else stands in braces (see references()). Refuses unknown names, values
  // outside a path segment or a query value, and segments that could never be sent. Offsets of errors count from the
  // beginning of `text`.
  static Parsed<Template> parse(std::string_view text, const MatchPattern& pattern, Names names);

  bool empty() const { return pieces_.empty(); }
  bool has_query() const { return has_query_; }
  // What stands in braces and is no parameter, and where: the caller's to understand, and to give values for.
  struct Reference {
    std::string text;
    std::size_t offset = 0;
    Place place = Place::path;
  };
  const std::vector<Reference>& references() const { return references_; }
  // Names of the query parameters that the template itself sets, decoded and without "[…".
  const std::vector<std::string>& query_names() const { return query_names_; }

  // Appends the target. Fails with `bad_request` when values together would make up a dot segment, hold what may not
  // stand in a head, or a reference leaves a path segment without a value; `out` is then as it was.
  Result<> append_to(std::string& out, const TemplateValues& values) const;

 private:
  friend class TemplateParser;

  enum class Source : std::uint8_t { literal, param, rest, path, query, scheme, host, reference };
  struct Piece {
    Source source = Source::literal;
    Place place = Place::path;
    std::uint32_t param = 0;  // or the number of the reference
    std::string text;         // of a literal
  };

  static void append_path_piece(std::string& out, std::size_t begin, const Piece& piece, std::string_view value);
  static void append_query_piece(std::string& out, const Piece& piece, std::string_view value);

  std::vector<Piece> pieces_;
  std::vector<std::string> query_names_;
  std::vector<Reference> references_;
  bool has_query_ = false;
};

// A value from outside for a path segment or a query parameter: all but unreserved characters is escaped, "%" too, so
// that it reads back as it is and cannot leave its place.
std::string escaped(std::string_view value);
// Appends a value for one path segment, or with `keep_slashes` for several. Escapes stay as they are.
void append_segment_value(std::string& out, std::string_view value, bool keep_slashes);
// Appends a value for a query parameter: what is not unreserved is escaped, escapes stay as they are.
void append_query_value(std::string& out, std::string_view value, bool keep_slashes);
// The text that escapes and, in a query, "+" stand for.
std::string decode(std::string_view text, Place place);
// Whether a raw query holds no byte that could end it or its line.
bool is_clean_query(std::string_view query);

}  // namespace tandem::routing
