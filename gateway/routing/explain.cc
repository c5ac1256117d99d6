#include "gateway/routing/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace tandem::routing {
namespace {

using Kind = Verdict::Kind;
using Mismatch = std::optional<Verdict>;

std::string_view type_name(SegmentKind kind) {
  switch (kind) {
    case SegmentKind::uint: return "a uint";
    case SegmentKind::uuid: return "a uuid";
    case SegmentKind::slug: return "a slug";
    default: return "a segment";
  }
}

bool fits(const Segment& segment, std::string_view text) {
  switch (segment.kind) {
    case SegmentKind::literal: return segment.text == text;
    case SegmentKind::uint: return is_uint(text);
    case SegmentKind::uuid: return is_uuid(text);
    case SegmentKind::slug: return is_slug(text);
    case SegmentKind::text: return !text.empty();
    case SegmentKind::rest: return true;
  }
  return false;
}

std::string shown(const Segment& segment) {
  switch (segment.kind) {
    case SegmentKind::literal: return fmt::format("\"{}\"", segment.text);
    case SegmentKind::rest: return fmt::format("{{{}...}}", segment.text);
    case SegmentKind::text: return fmt::format("{{{}}}", segment.text);
    default: return fmt::format("{{{}:{}}}", segment.text, type_name(segment.kind).substr(2));
  }
}

Mismatch host_mismatch(const MatchPattern& pattern, const RouteRequest& request) {
  if (pattern.host_kind == HostKind::exact && pattern.host != request.host) {
    return Verdict{Kind::host, 0, fmt::format("is for host {}", pattern.host)};
  }
  if (pattern.host_kind == HostKind::wildcard) {
    const std::size_t dot = request.host.find('.');
    if (dot == 0 || dot == std::string_view::npos || request.host.substr(dot + 1) != pattern.host) {
      return Verdict{Kind::host, 0, fmt::format("is for hosts *.{}", pattern.host)};
    }
  }
  if (pattern.port != 0 && pattern.port != request.port) {
    return Verdict{Kind::port, 0, fmt::format("is for port {}", pattern.port)};
  }
  return std::nullopt;
}

// `number` comes back as that of the segment that does not fit.
Mismatch path_mismatch(const MatchPattern& pattern, std::string_view path, std::size_t& number) {
  std::size_t at = 1;
  number = 0;
  for (const Segment& segment : pattern.segments) {
    ++number;
    if (segment.kind == SegmentKind::rest) return std::nullopt;
    if (at > path.size()) return Verdict{Kind::path, 0, fmt::format("needs a segment {}: {}", number, shown(segment))};
    const std::string_view text = path.substr(at, path.find('/', at) - at);
    at += text.size() + 1;
    if (fits(segment, text)) continue;
    const std::string wanted =
        segment.kind == SegmentKind::literal ? shown(segment) : std::string(type_name(segment.kind));
    return Verdict{Kind::path, 0, fmt::format("segment {} is \"{}\", not {}", number, text, wanted)};
  }
  if (at > path.size()) return std::nullopt;
  ++number;
  return Verdict{Kind::path, 0, fmt::format("ends before segment {}, \"{}\"", number, path.substr(at))};
}

// How well the method fits: 3 named, 2 HEAD that follows GET, 1 any, 0 not at all.
int method_rank(const MatchPattern& pattern, std::string_view method) {
  if (pattern.methods.empty()) return 1;
  if (std::ranges::find(pattern.methods, method) != pattern.methods.end()) return 3;
  return method == "HEAD" && std::ranges::find(pattern.methods, "GET") != pattern.methods.end() ? 2 : 0;
}

Mismatch condition_mismatch(const RouteSpec& spec, const Fields* fields) {
  Mismatch repeated;
  for (const Condition& condition : spec.when) {
    const std::string_view what = condition.field == Condition::Field::header ? "header" : "query parameter";
    const Tested tested = fields == nullptr ? Tested::differs : fields->test(condition);
    if (tested == Tested::differs) {
      return Verdict{Kind::condition, 0, fmt::format("{} {} is not \"{}\"", what, condition.name, condition.value)};
    }
    if (tested == Tested::repeated) {
      repeated = Verdict{Kind::repeated, 0, fmt::format("{} {} stands there more than once", what, condition.name)};
    }
  }
  return repeated;
}

Verdict judge(const RouteSpec& spec, const RouteRequest& request) {
  std::size_t number = 0;
  const Mismatch path = path_mismatch(spec.pattern, request.path, number);
  Verdict verdict{Kind::less_specific, path ? number - 1 : spec.pattern.segments.size(), {}};
  const auto because = [&](const Verdict& other) {
    verdict.kind = other.kind;
    verdict.why = other.why;
    return verdict;
  };
  if (const Mismatch host = host_mismatch(spec.pattern, request)) return because(*host);
  if (path) return because(*path);
  if (method_rank(spec.pattern, request.method) == 0) {
    return because({Kind::method, 0, fmt::format("takes only {}", fmt::join(spec.pattern.methods, ","))});
  }
  if (const Mismatch condition = condition_mismatch(spec, request.fields)) return because(*condition);
  return verdict;
}

// What put the chosen route before another one that matches too.
std::string why_less(const RouteSpec& loser, const RouteSpec& chosen, std::string_view method) {
  const MatchPattern& a = loser.pattern;
  const MatchPattern& b = chosen.pattern;
  if (a.host_kind != b.host_kind) return "its host is less specific";
  if (a.port != b.port) return "it names no port";
  for (std::size_t i = 0; i < std::min(a.segments.size(), b.segments.size()); ++i) {
    if (a.segments[i].kind == b.segments[i].kind) continue;
    return fmt::format("in segment {} {} is less specific than {}", i + 1, shown(a.segments[i]), shown(b.segments[i]));
  }
  if (a.segments.size() != b.segments.size()) return fmt::format("{} is less specific", shown(a.segments.back()));
  if (method_rank(a, method) != method_rank(b, method)) return fmt::format("it does not name {}", method);
  return "it has fewer conditions";
}

}  // namespace

std::vector<Verdict> explain(const RouteTable& table, const RouteRequest& request) {
  Params params;
  const Lookup lookup = table.find(request, params);
  std::vector<Verdict> verdicts;
  verdicts.reserve(table.routes().size());
  for (std::uint32_t route = 0; route < table.routes().size(); ++route) {
    Verdict& verdict = verdicts.emplace_back(judge(table.routes()[route], request));
    if (verdict.kind != Kind::less_specific || lookup.outcome != Lookup::Outcome::route) continue;
    if (route == lookup.route) {
      verdict.kind = Kind::chosen;
    } else {
      verdict.why = why_less(table.routes()[route], table.routes()[lookup.route], request.method);
    }
  }
  return verdicts;
}

}  // namespace tandem::routing
