#include "common/http/head_scanner.h"

#include <algorithm>
#include <cstring>

#include "common/http/byte_class.h"

namespace tandem::http {

const llhttp_settings_t& HeadScanner::settings() {
  static const llhttp_settings_t kSettings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_header_field = on_name;
    s.on_header_field_complete = on_name_end;
    s.on_header_value = on_value;
    s.on_headers_complete = on_head_end;
    return s;
  }();
  return kSettings;
}

void HeadScanner::reset() {
  llhttp_init(&parser_, kind_ == Kind::request ? HTTP_REQUEST : HTTP_RESPONSE, &settings());
  lines_.clear();
  fed_ = searched_ = 0;
  in_name_ = folded_ = too_many_ = false;
  error_text_ = {};
}

std::size_t HeadScanner::find_line_end(std::string_view bytes, std::size_t from) {
  from = std::max(from, searched_);
  if (from >= bytes.size()) return std::string_view::npos;
  const void* found = std::memchr(bytes.data() + from, '\n', bytes.size() - from);
  if (found == nullptr) {
    searched_ = bytes.size();
    return std::string_view::npos;
  }
  return static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
}

// What counts against a limit is decided at the same byte however the bytes were cut: names are counted at their
// colon, and llhttp never sees more than the limit.
HeadScanner::State HeadScanner::scan(std::string_view bytes, std::size_t start, const HeadLimits& limits) {
  fed_ = std::max(fed_, start);
  const std::size_t end = std::min(bytes.size(), limits.max_size);
  if (fed_ < end) {
    base_ = bytes.data();
    max_fields_ = limits.max_fields;
    parser_.data = this;
    const llhttp_errno_t outcome = static_cast<llhttp_errno_t>(llhttp_execute(&parser_, base_ + fed_, end - fed_));
    fed_ = end;
    if (outcome == HPE_PAUSED) return State::complete;
    if (outcome != HPE_OK) {
      if (too_many_) return State::too_many_fields;
      const char* why = llhttp_get_error_reason(&parser_);
      error_text_ = why != nullptr && *why != '\0' ? why : "the head is malformed";
      return State::malformed;
    }
  }
  return bytes.size() >= limits.max_size ? State::too_large : State::need_more;
}

std::size_t HeadScanner::bind(std::string_view bytes, std::size_t start, std::size_t fields_begin, Fields& fields) {
  const auto broken = [this](std::string_view why) {
    error_text_ = why;
    return std::size_t{0};
  };
  if (folded_) return broken("a field is folded over several lines");
  const char* const head = bytes.data();
  const std::size_t end = bytes.size();
  const auto crlf_at = [&](std::size_t i) { return i + 1 < end && head[i] == '\r' && head[i + 1] == '\n'; };
  std::size_t position = fields_begin;
  for (const Line& line : lines_) {
    if (line.name_begin != position || line.name_end <= line.name_begin) return broken("a field has no name");
    std::size_t value_begin = line.name_end;
    if (value_begin >= end || head[value_begin++] != ':') return broken("a field's name does not end with a colon");
    while (value_begin < end && is_blank(head[value_begin])) ++value_begin;
    std::size_t line_end = value_begin;
    std::string_view value;
    if (line.value_begin != kNone && line.value_end > value_begin) {
      // llhttp's value may begin among the blanks, but never on another line.
      if (line.value_begin > value_begin) return broken("a field is folded over several lines");
      line_end = line.value_end;
      while (line_end < end && is_blank(head[line_end])) ++line_end;
      std::size_t value_end = line.value_end;
      while (value_end > value_begin && is_blank(head[value_end - 1])) --value_end;
      value = {head + value_begin, value_end - value_begin};
    }
    if (!crlf_at(line_end)) return broken("a line does not end with CRLF");
    position = line_end + 2;
    fields.add({head + line.name_begin, line.name_end - line.name_begin}, value);
  }
  if (!crlf_at(position)) return broken("the head does not end with an empty line");
  const std::size_t length = position + 2;
  const LineCensus census = count_line_ends(bytes.substr(start, length - start));
  const std::size_t lines = lines_.size() + 2;  // the first line, the fields, the empty line
  if (census.control || census.cr != lines || census.lf != lines) return broken("the head holds a stray control");
  return length;
}

int HeadScanner::on_name(llhttp_t* parser, const char* at, std::size_t length) {
  auto& self = *static_cast<HeadScanner*>(parser->data);
  const std::uint32_t begin = self.offset(at);
  const std::uint32_t end = begin + static_cast<std::uint32_t>(length);
  if (self.in_name_) {
    self.lines_.back().name_end = end;
    return 0;
  }
  self.in_name_ = true;
  if (self.lines_.capacity() == 0) self.lines_.reserve(32);  // a browser's head fits
  self.lines_.push_back({begin, end, kNone, kNone});
  return 0;
}

int HeadScanner::on_name_end(llhttp_t* parser) {
  auto& self = *static_cast<HeadScanner*>(parser->data);
  self.in_name_ = false;
  if (self.lines_.size() <= self.max_fields_) return 0;
  self.too_many_ = true;
  return HPE_USER;
}

int HeadScanner::on_value(llhttp_t* parser, const char* at, std::size_t length) {
  auto& self = *static_cast<HeadScanner*>(parser->data);
  if (length == 0) return 0;
  if (self.lines_.empty()) return HPE_USER;
  Line& line = self.lines_.back();
  const std::uint32_t begin = self.offset(at);
  if (line.value_begin == kNone) {
    line.value_begin = begin;
  } else if (begin != line.value_end) {
    self.folded_ = true;  // pieces that do not touch: a line break stood between them
  }
  line.value_end = begin + static_cast<std::uint32_t>(length);
  return 0;
}

int HeadScanner::on_head_end(llhttp_t*) { return HPE_PAUSED; }

}  // namespace tandem::http
