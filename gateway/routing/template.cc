#include "gateway/routing/template.h"

#include <algorithm>

namespace tandem::routing {
namespace {

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    if (is_dot_segment(segment)) return true;
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
  }
  return false;
}

// Whether a value, escaped, may fill a path segment or a part of one: no service ends a path at it, or cuts it there.
bool may_stand_in_path(std::string_view escaped_value) {
  const std::string plain = decode(escaped_value, Place::path);
  return !plain.empty() &&
         std::ranges::none_of(plain, [](unsigned char c) { return c < ' ' || c == 0x7f || c == '\\'; });
}

// The path as it is to a service that reads escaped slashes as slashes.
std::string with_slashes(std::string_view path) {
  constexpr std::string_view kSlash = "%2F";
  std::string out(path);
  for (std::size_t at = out.find(kSlash); at != std::string::npos; at = out.find(kSlash, at)) {
    out.replace(at, kSlash.size(), "/");
  }
  return out;
}

}  // namespace

// ";" is escaped where a value fills one segment: some services cut a segment there.
void append_segment_value(std::string& out, std::string_view value, bool keep_slashes) {
  for (std::size_t at = 0; at < value.size(); ++at) {
    const auto c = static_cast<unsigned char>(value[at]);
    const bool stays = c == '/' ? keep_slashes : is_segment_char(c) && (c != ';' || keep_slashes);
    if (stays || is_escape(value, at)) {
      out += value[at];
    } else {
      append_escaped(out, c);
    }
  }
}

std::string escaped(std::string_view value) {
  std::string out;
  out.reserve(value.size() + value.size() / 4);
  for (const char c : value) {
    if (is_unreserved(static_cast<unsigned char>(c))) {
      out += c;
    } else {
      append_escaped(out, static_cast<unsigned char>(c));
    }
  }
  return out;
}

void append_query_value(std::string& out, std::string_view value, bool keep_slashes) {
  for (std::size_t at = 0; at < value.size(); ++at) {
    const auto c = static_cast<unsigned char>(value[at]);
    if (is_unreserved(c) || (c == '/' && keep_slashes) || is_escape(value, at)) {
      out += value[at];
    } else {
      append_escaped(out, c);
    }
  }
}

std::string decode(std::string_view text, Place place) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_escape(text, at)) {
      plain += static_cast<char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
      at += 2;
    } else {
      plain += place == Place::query && text[at] == '+' ? ' ' : text[at];
    }
  }
  return plain;
}

bool is_clean_query(std::string_view query) {
  return std::ranges::none_of(query, [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == '#'; });
}

// An empty rest, or {path} behind a slash, must not leave "//": at the beginning it would name another host.
void Template::append_path_piece(std::string& out, std::size_t begin, const Piece& piece, std::string_view value) {
  while (value.starts_with("//")) value.remove_prefix(1);
  if (out.size() > begin && out.back() == '/' && value.starts_with('/')) value.remove_prefix(1);
  if (piece.source == Source::literal || piece.source == Source::reference) {
    out += value;
  } else {
    append_segment_value(out, value, piece.source == Source::rest || piece.source == Source::path);
  }
}

void Template::append_query_piece(std::string& out, const Piece& piece, std::string_view value) {
  if (piece.source == Source::query && !value.empty()) {
    out += value;
  } else if (piece.source == Source::query) {
    if (out.back() == '&') out.pop_back();  // "?" stays for what may follow
  } else if (piece.source == Source::literal || piece.source == Source::reference) {
    if (out.back() == '?' && value.starts_with('&')) value.remove_prefix(1);
    out += value;
  } else {
    append_query_value(out, value, piece.source == Source::rest || piece.source == Source::path);
  }
}

Result<> Template::append_to(std::string& out, const TemplateValues& values) const {
  const std::size_t begin = out.size();
  std::size_t path_end = std::string::npos;
  for (const Piece& piece : pieces_) {
    std::string_view value;
    switch (piece.source) {
      case Source::literal: value = piece.text; break;
      case Source::param:
      case Source::rest: value = piece.param < values.params.size() ? values.params[piece.param] : ""; break;
      case Source::path: value = values.path; break;
      case Source::query: value = values.query.value_or(""); break;
      case Source::scheme: value = values.scheme; break;
      case Source::host: value = values.host; break;
      case Source::reference:
        if (piece.param < values.references.size()) value = values.references[piece.param];
        break;
    }
    if (piece.source == Source::reference && piece.place == Place::path && !may_stand_in_path(value)) {
      out.resize(begin);
      return fail(Origin::client, "bad_request", "a value of the path is empty, or could lead elsewhere");
    }
    if (piece.source == Source::query && !is_clean_query(value)) {
      out.resize(begin);
      return fail(Origin::client, "bad_request", "the query holds a character that must be percent-encoded");
    }
    if (piece.place == Place::path) {
      append_path_piece(out, begin, piece, value);
    } else {
      if (path_end == std::string::npos) path_end = out.size();
      append_query_piece(out, piece, value);
    }
  }
  if (has_query_ && out.back() == '?') out.pop_back();
  const std::string_view path = std::string_view(out).substr(begin, path_end - begin);
  if (has_dot_segment(path) || (!references_.empty() && has_dot_segment(with_slashes(path)))) {
    out.resize(begin);
    return fail(Origin::client, "bad_request", "the values of the path would make up a dot segment");
  }
  return {};
}

}  // namespace tandem::routing
