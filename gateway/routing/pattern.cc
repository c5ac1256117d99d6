#include "gateway/routing/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/base/address.h"

namespace tandem::routing {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Offset of the first character that cannot stand in a name [a-z][a-z0-9_-]*; npos when all can.
std::size_t bad_name_char(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_lower(c) && (i == 0 || (!is_digit(c) && c != '_' && c != '-'))) return i;
  }
  return std::string_view::npos;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) { pattern_.source = text; }

  Parsed<MatchPattern> run() {
    if (text_.empty()) return wrong(0, "is empty; write \"[METHODS ][host[:port]]/path\"");
    for (const auto step : {&Parser::methods, &Parser::host, &Parser::path}) {
      if (Parsed<> done = (this->*step)(); !done) return std::unexpected(std::move(done.error()));
    }
    return std::move(pattern_);
  }

 private:
  Parsed<> methods();
  Parsed<> method(std::string_view name);
  Parsed<> host();
  Parsed<> host_name(std::string_view name, std::size_t offset);
  Parsed<> port(std::string_view digits, std::size_t offset);
  Parsed<> path();
  Parsed<> literal();
  Parsed<> parameter();
  Parsed<> parameter_type(Segment& segment, std::string_view type, std::size_t offset);

  bool at_end() const { return at_ == text_.size(); }
  bool at_boundary() const { return at_end() || text_[at_] == '/'; }
  bool at_doubled(char brace) const { return at_ + 1 < text_.size() && text_[at_] == brace && text_[at_ + 1] == brace; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t params_ = 0;
  MatchPattern pattern_;
};

Parsed<> Parser::methods() {
  const std::size_t space = text_.find(' ');
  if (space == std::string_view::npos) return {};
  if (space == 0) return wrong(0, "begins with a space");
  while (at_ <= space) {
    const std::size_t end = std::min(text_.find(',', at_), space);
    if (Parsed<> taken = method(text_.substr(at_, end - at_)); !taken) return taken;
    at_ = end + 1;
  }
  if (const std::size_t second = text_.find(' ', at_); second != std::string_view::npos) {
    return wrong(second, second == at_ ? "exactly one space stands between the methods and what follows"
                                       : "a space is no part of a host or a path");
  }
  return {};
}

Parsed<> Parser::method(std::string_view name) {
  if (name.empty()) return wrong(at_, "a method is missing beside the comma; methods are joined as \"GET,POST\"");
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (is_lower(c)) return wrong(at_ + i, "methods are written in capitals, such as \"GET\"");
    if (!is_upper(c) && (i == 0 || (c != '-' && c != '_' && !is_digit(c)))) {
      return wrong(at_ + i, "this is no method; before the space stand only methods, such as \"GET,POST\"");
    }
  }
  if (name == "CONNECT") return wrong(at_, "CONNECT is never routed");
  if (std::ranges::find(pattern_.methods, name) != pattern_.methods.end())
    return wrong(at_, fmt::format("{} stands here twice", name));
  pattern_.methods.emplace_back(name);
  return {};
}

Parsed<> Parser::host() {
  const std::size_t slash = text_.find('/', at_);
  if (slash == std::string_view::npos) return wrong(text_.size(), "has no path; a path begins with \"/\"");
  const std::string_view authority = text_.substr(at_, slash - at_);
  const std::size_t offset = std::exchange(at_, slash);
  if (authority.empty()) return {};

  // The colon of a port stands behind the brackets of an IPv6 address.
  const std::size_t bracket = authority.rfind(']');
  const bool open = authority.front() == '[' && bracket == std::string_view::npos;
  const std::size_t colon = open ? bracket : authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    if (Parsed<> taken = port(authority.substr(colon + 1), offset + colon + 1); !taken) return taken;
  }
  return host_name(authority.substr(0, colon), offset);
}

Parsed<> Parser::host_name(std::string_view name, std::size_t offset) {
  if (name.empty()) return wrong(offset, "a port needs a host in front of it");
  pattern_.host_kind = HostKind::exact;
  if (name.front() == '[') {
    const auto ip = name.back() == ']' ? IpAddress::parse(name.substr(1, name.size() - 2)) : std::nullopt;
    if (!ip || ip->is_v4()) return wrong(offset, "is no IPv6 address in brackets");
    pattern_.host = fmt::format("[{}]", ip->to_string());
    return {};
  }
  if (name.starts_with("*.")) {
    pattern_.host_kind = HostKind::wildcard;
    name.remove_prefix(2);
    offset += 2;
  }
  if (name.ends_with('.')) name.remove_suffix(1);  // the root's dot: hosts are compared without it
  if (name.empty() || name.size() > 253) return wrong(offset, "is no host name");
  std::size_t label = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '.') {
      if (i == label) return wrong(offset + i, "a label of the host name is empty");
      label = i + 1;
    } else if (i - label >= 63) {
      return wrong(offset + label, "a label of the host name is longer than 63 characters");
    } else if (c == '*') {
      return wrong(offset + i,
                   "\"*.\" stands only in front of a host name and is exactly one label; "
                   "leave the host out to match any");
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      return wrong(offset + i, "write an international host name in its xn-- form");
    } else if (!is_lower(c) && !is_upper(c) && !is_digit(c) && c != '-' && c != '_') {
      return wrong(offset + i, "this character is no part of a host name");
    }
    pattern_.host += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (label == name.size()) return wrong(offset + label, "a label of the host name is empty");
  return {};
}

Parsed<> Parser::port(std::string_view digits, std::size_t offset) {
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, pattern_.port);
  if (digits.empty() || error != std::errc() || stopped != end || digits.front() == '0') {
    return wrong(offset, "is no port: a number from 1 to 65535");
  }
  return {};
}

Parsed<> Parser::path() {
  while (!at_end()) {
    ++at_;  // the slash
    if (pattern_.segments.size() == kMaxSegments) return wrong(at_, fmt::format("more than {} segments", kMaxSegments));
    if (!pattern_.segments.empty() && pattern_.segments.back().kind == SegmentKind::rest) {
      return wrong(at_ - 1, "a parameter with \"...\" takes all that follows, so nothing may stand behind it");
    }
    const bool is_param = !at_end() && text_[at_] == '{' && !at_doubled('{');
    if (Parsed<> taken = is_param ? parameter() : literal(); !taken) return taken;
  }
  return {};
}

Parsed<> Parser::literal() {
  const std::size_t begin = at_;
  Segment segment;
  while (!at_boundary()) {
    if (at_doubled('{') || at_doubled('}')) {
      ++at_;
    } else if (text_[at_] == '{') {
      return wrong(at_, "a parameter is a whole segment; a literal brace is written \"{{\"");
    } else if (text_[at_] == '}') {
      return wrong(at_, "\"}\" has no \"{\" before it; a literal brace is written \"}}\"");
    }
    const std::size_t here = at_;
    if (const char* mistake = append_literal(segment.text, text_, at_, Place::path)) return wrong(here, mistake);
  }
  if (segment.text.empty() && !at_end()) return wrong(begin, "\"//\" never matches: it becomes \"/\" before matching");
  if (is_dot_segment(segment.text)) return wrong(begin, "dot segments never match: they are resolved before matching");
  if (!is_utf8_when_decoded(segment.text)) return wrong(begin, "is not valid UTF-8; such a request is refused");
  pattern_.segments.push_back(std::move(segment));
  return {};
}

Parsed<> Parser::parameter() {
  const std::size_t brace = at_;
  const std::size_t close = text_.find('}', at_);
  if (close == std::string_view::npos) return wrong(brace, "\"{\" has no \"}\"; a literal brace is written \"{{\"");
  std::string_view name = text_.substr(brace + 1, close - brace - 1);
  Segment segment{SegmentKind::text, {}};
  if (name.ends_with("...")) {
    segment.kind = SegmentKind::rest;
    name.remove_suffix(3);
  }
  if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    Parsed<> typed = parameter_type(segment, name.substr(colon + 1), brace + 1 + colon + 1);
    if (!typed) return typed;
    name = name.substr(0, colon);
  }
  if (name.empty()) return wrong(brace, "a parameter needs a name, such as {id}");
  if (const std::size_t bad = bad_name_char(name); bad != std::string_view::npos) {
    return wrong(brace + 1 + bad, "a parameter's name is made of a-z, 0-9, \"_\" and \"-\" and begins with a letter");
  }
  at_ = close + 1;
  if (!at_boundary()) return wrong(at_, "a parameter is a whole segment: \"/\" or the end must follow it");
  if (pattern_.param_index(name)) return wrong(brace, fmt::format("the parameter {{{}}} stands here twice", name));
  if (params_++ == kMaxParams) return wrong(brace, fmt::format("more than {} parameters", kMaxParams));
  segment.text = name;
  pattern_.segments.push_back(std::move(segment));
  return {};
}

Parsed<> Parser::parameter_type(Segment& segment, std::string_view type, std::size_t offset) {
  if (segment.kind == SegmentKind::rest) return wrong(offset, "a parameter with \"...\" has no type");
  if (type == "uint") {
    segment.kind = SegmentKind::uint;
  } else if (type == "uuid") {
    segment.kind = SegmentKind::uuid;
  } else if (type == "slug") {
    segment.kind = SegmentKind::slug;
  } else {
    return wrong(offset, fmt::format("unknown type \"{}\"; the types are uint, uuid and slug", type));
  }
  return {};
}

}  // namespace

std::vector<std::string_view> MatchPattern::params() const {
  std::vector<std::string_view> names;
  for (const Segment& segment : segments) {
    if (segment.kind != SegmentKind::literal) names.emplace_back(segment.text);
  }
  return names;
}

std::optional<std::size_t> MatchPattern::param_index(std::string_view name) const {
  std::size_t index = 0;
  for (const Segment& segment : segments) {
    if (segment.kind == SegmentKind::literal) continue;
    if (segment.text == name) return index;
    ++index;
  }
  return std::nullopt;
}

bool MatchPattern::is_rest(std::size_t param_index) const {
  return !segments.empty() && segments.back().kind == SegmentKind::rest && param_index + 1 == params().size();
}

Parsed<MatchPattern> parse_match(std::string_view text) { return Parser(text).run(); }

}  // namespace tandem::routing
