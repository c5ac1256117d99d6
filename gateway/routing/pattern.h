// What a route's `match` says, read into a value: "[METHOD{,METHOD} SP] [host[:port]] path". Load time only; the table
// is compiled from it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/routing/segment.h"
#include "gateway/routing/spec_error.h"

namespace tandem::routing {

inline constexpr std::size_t kMaxParams = 16;    // of one route; a request's values live in an array of this size
inline constexpr std::size_t kMaxSegments = 64;  // of one `match`: bounds how deep a search goes

enum class HostKind : std::uint8_t { exact, wildcard, any };  // in the order of precedence

struct Segment {
  SegmentKind kind = SegmentKind::literal;
  std::string text;  // of a literal: its normalised spelling; else the parameter's name

  bool operator==(const Segment&) const = default;
};

struct MatchPattern {
  std::string source;                // as it was written
  std::vector<std::string> methods;  // none: all
  HostKind host_kind = HostKind::any;
  std::string host;               // lower case; of a wildcard what follows "*."
  std::uint16_t port = 0;         // the listener's; 0: any
  std::vector<Segment> segments;  // "/" is one empty literal, "/x/" is "x" and an empty one

  std::vector<std::string_view> params() const;  // the parameters' names, in the order in which values are captured
  std::optional<std::size_t> param_index(std::string_view name) const;
  bool is_rest(std::size_t param_index) const;  // whether that parameter is `{x...}`
};

// Takes the text of `match`. Literal segments come out spelled as in a normalised request path; `{{` and `}}` are
// literal braces. Refuses what could never match (empty and dot segments, escaped slashes, lower-case methods) with
// the place of the mistake.
Parsed<MatchPattern> parse_match(std::string_view text);

}  // namespace tandem::routing
