// Template::parse: cuts "/v1/orders?user={id}" into pieces and sees to it that each value has a place it cannot leave.
#include <fmt/format.h>

#include <algorithm>

#include "gateway/routing/template.h"

namespace tandem::routing {

class TemplateParser {
 public:
  TemplateParser(std::string_view text, const MatchPattern& pattern, Template::Names names)
      : text_(text),
        pattern_(pattern),
        with_request_(names == Template::Names::params_and_request),
        with_references_(names == Template::Names::params_and_references) {}

  Parsed<Template> run() {
    if (!text_.starts_with('/') && !(with_request_ && text_.starts_with("{path}"))) {
      return wrong(0, "a path begins with \"/\"");
    }
    while (at_ < text_.size()) {
      if (Parsed<> taken = step(); !taken) return std::unexpected(std::move(taken.error()));
    }
    if (Parsed<> ended = end_of_part(); !ended) return std::unexpected(std::move(ended.error()));
    flush();
    return std::move(result_);
  }

 private:
  using Source = Template::Source;

  Parsed<> step();
  Parsed<> literal_char();
  Parsed<> name();
  Parsed<> place_of(Source source, std::size_t brace);
  std::optional<Template::Piece> resolve(std::string_view name) const;
  Parsed<> end_of_part();
  void flush();

  bool at_doubled(char brace) const { return at_ + 1 < text_.size() && text_[at_] == brace && text_[at_ + 1] == brace; }
  bool in_query() const { return place_ == Place::query; }

  std::string_view text_;
  const MatchPattern& pattern_;
  const bool with_request_;
  const bool with_references_;

  std::size_t at_ = 0;
  Place place_ = Place::path;
  std::string literal_;          // not yet a piece
  std::size_t part_begin_ = 0;   // where the segment, or the query's name=value, began in text_
  std::string part_;             // its literal text so far; in a query only the name
  bool part_has_value_ = false;  // a value stands in it
  bool past_equals_ = false;     // in a query: behind the "="
  bool closed_ = false;          // a value that takes its place whole came before: "/", "?", "&" or the end must follow
  Template result_;
};

Parsed<> TemplateParser::step() {
  const char c = text_[at_];
  if (at_doubled('{') || at_doubled('}')) {
    ++at_;
  } else if (c == '{') {
    return name();
  } else if (c == '}') {
    return wrong(at_, "\"}\" has no \"{\" before it; a literal brace is written \"}}\"");
  }
  const bool ends_part = in_query() ? c == '&' : c == '/' || c == '?';
  if (!ends_part) return literal_char();

  if (c == '/' && at_ == part_begin_ && at_ > 0) return wrong(at_, "\"//\" is never sent: write one \"/\"");
  if (Parsed<> ended = end_of_part(); !ended) return ended;
  if (c == '?') {
    flush();  // so that every piece belongs to one place
    place_ = Place::query;
    result_.has_query_ = true;
  }
  literal_ += c;
  part_begin_ = ++at_;
  return {};
}

Parsed<> TemplateParser::literal_char() {
  if (closed_) return wrong(at_, "a value that may hold slashes fills its place alone: the place must end here");
  const std::size_t before = literal_.size();
  const std::size_t here = at_;
  const bool equals = in_query() && text_[at_] == '=' && !past_equals_;
  if (const char* mistake = append_literal(literal_, text_, at_, place_)) return wrong(here, mistake);
  if (equals) {
    past_equals_ = true;
  } else if (!past_equals_) {
    part_ += std::string_view(literal_).substr(before);
  }
  return {};
}

Parsed<> TemplateParser::name() {
  const std::size_t brace = at_;
  const std::size_t close = text_.find('}', at_);
  if (close == std::string_view::npos) return wrong(brace, "\"{\" has no \"}\"; a literal brace is written \"{{\"");
  const std::string_view name = text_.substr(brace + 1, close - brace - 1);
  const bool of_request = with_request_ && (name == "path" || name == "query" || name == "scheme" || name == "host");
  if (of_request && pattern_.param_index(name)) {
    return wrong(brace,
                 fmt::format("{{{}}} could mean the request's {} or the parameter; rename the parameter", name, name));
  }
  std::optional<Template::Piece> piece = resolve(name);
  if (!piece && with_references_) {
    piece.emplace();
    piece->source = Source::reference;
    piece->param = static_cast<std::uint32_t>(result_.references_.size());
    result_.references_.push_back({std::string(name), brace + 1, place_});
  }
  if (!piece) {
    std::string known;
    for (const std::string_view param : pattern_.params()) known += fmt::format(" {{{}}}", param);
    return wrong(brace, fmt::format("`match` has no parameter {{{}}}; {}{}", name,
                                    known.empty() ? "it has none" : "there is", known));
  }
  if (Parsed<> placed = place_of(piece->source, brace); !placed) return placed;
  at_ = close + 1;
  flush();
  piece->place = place_;
  result_.pieces_.push_back(std::move(*piece));
  part_has_value_ = true;
  return {};
}

// Whether a value of this kind may stand here, and what must follow it.
Parsed<> TemplateParser::place_of(Source source, std::size_t brace) {
  if (closed_) return wrong(brace, "a value that may hold slashes fills its place alone: the place must end here");
  const bool at_begin = brace == part_begin_;
  if (source == Source::query) {
    if (!in_query() || !at_begin) return wrong(brace, "{query} stands for a whole query: after \"?\" or \"&\"");
    closed_ = true;
  } else if (in_query()) {
    if (!past_equals_) return wrong(brace, "in a query a value stands behind \"name=\"");
  } else if (source == Source::rest) {
    if (!at_begin) return wrong(brace, "a parameter that takes the rest begins behind a \"/\"");
    closed_ = true;
  } else if (source == Source::path) {
    closed_ = true;  // begins with its own slash
  }
  return {};
}

std::optional<Template::Piece> TemplateParser::resolve(std::string_view name) const {
  Template::Piece piece;
  if (const auto index = pattern_.param_index(name)) {
    piece.source = pattern_.is_rest(*index) ? Source::rest : Source::param;
    piece.param = static_cast<std::uint32_t>(*index);
    return piece;
  }
  if (!with_request_) return std::nullopt;
  if (name == "path") piece.source = Source::path;
  if (name == "query") piece.source = Source::query;
  if (name == "scheme") piece.source = Source::scheme;
  if (name == "host") piece.source = Source::host;
  return piece.source == Source::literal ? std::nullopt : std::optional(piece);
}

// A segment or a query's name=value is complete.
Parsed<> TemplateParser::end_of_part() {
  if (in_query()) {
    std::string name = decode(part_, Place::query);
    name.resize(std::min(name.find('['), name.size()));  // "user[]" sets "user" for some services
    if (!name.empty()) result_.query_names_.push_back(std::move(name));
  } else if (!part_has_value_ && is_dot_segment(part_)) {
    return wrong(part_begin_, "dot segments are never sent: write the path they lead to");
  }
  part_.clear();
  part_has_value_ = past_equals_ = closed_ = false;
  return {};
}

void TemplateParser::flush() {
  if (literal_.empty()) return;
  result_.pieces_.push_back({Source::literal, place_, 0, std::move(literal_)});
  literal_.clear();
}

Parsed<Template> Template::parse(std::string_view text, const MatchPattern& pattern, Names names) {
  return TemplateParser(text, pattern, names).run();
}

}  // namespace tandem::routing
