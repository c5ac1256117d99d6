#include "common/http/chunked.h"

#include <algorithm>

#include "common/http/byte_class.h"

namespace tandem::http {
namespace {

constexpr std::uint64_t kLargestChunk = std::uint64_t{std::numeric_limits<std::int64_t>::max()};

// Inside a quoted string or a trailer's value: HTAB, SP, visible and obs-text bytes; never CR, LF or another control.
constexpr bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

}  // namespace

ChunkedDecoder::State ChunkedDecoder::refuse(std::string_view why) {
  error_text_ = why;
  return State::refused;
}

BodyStep ChunkedDecoder::next(std::string_view in) {
  std::size_t i = 0;
  while (i < in.size() && state_ != State::done && state_ != State::refused) {
    if (state_ == State::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(size_, in.size() - i));
      size_ -= size;
      body_ += size;
      wire_ += size;
      if (size_ == 0) state_ = State::data_cr;
      return {in.substr(i, size), i + size};
    }
    const char c = in[i++];
    ++wire_;
    switch (state_) {
      case State::size_first:
      case State::size: state_ = step_size(c); break;
      case State::size_lf: state_ = c == '\n' ? end_of_size_line() : refuse("a chunk's size line has a bare CR"); break;
      case State::data_cr: state_ = c == '\r' ? State::data_lf : refuse("a chunk is longer than its size"); break;
      case State::data_lf: state_ = c == '\n' ? State::size_first : refuse("a chunk ends with a bare CR"); break;
      case State::trailer_first:
      case State::trailer_name:
      case State::trailer_value:
      case State::trailer_lf:
      case State::end_lf: state_ = step_trailer(c); break;
      default: state_ = step_extension(c); break;
    }
    // A chunk's data is given out by a step of its own, so that its announced size can be looked at first.
    if (state_ == State::data) break;
  }
  return {{}, i};
}

ChunkedDecoder::State ChunkedDecoder::step_size(char c) {
  if (const int value = hex_value(c); value >= 0) {
    if (state_ == State::size_first) {
      digits_ = 0;
      size_ = 0;
    } else if (size_ == 0 && ++overhead_ > limits_.max_overhead) {
      return refuse("chunk sizes are padded with too many zeros");
    }
    if (++digits_ > 16) return refuse("a chunk's size has more than 16 digits");
    size_ = size_ << 4 | static_cast<std::uint64_t>(value);
    return size_ > kLargestChunk ? refuse("a chunk's size is too large") : State::size;
  }
  if (state_ == State::size_first) return refuse("a chunk has no size");
  if (c == '\r') return State::size_lf;
  if (c == ';') return step_extension(c);
  return refuse("a chunk's size is not a hexadecimal number");
}

// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token | quoted-string ) ] ), without the blanks before the first ';'.
ChunkedDecoder::State ChunkedDecoder::step_extension(char c) {
  if (++overhead_ > limits_.max_overhead) return refuse("chunk extensions are too long");
  switch (state_) {
    case State::size: return State::ext_name_first;  // the ';' itself
    case State::ext_name_first:
      if (is_blank(c)) return state_;
      if (is_token_char(c)) return State::ext_name;
      break;
    case State::ext_name:
      if (is_token_char(c)) return state_;
      [[fallthrough]];
    case State::ext_name_blank:
      if (is_blank(c)) return State::ext_name_blank;
      if (c == '=') return State::ext_value_first;
      if (c == ';') return State::ext_name_first;
      if (c == '\r' && state_ == State::ext_name) return State::size_lf;
      break;
    case State::ext_value_first:
      if (is_blank(c)) return state_;
      if (c == '"') return State::ext_quoted;
      if (is_token_char(c)) return State::ext_value;
      break;
    case State::ext_quoted:
      if (c == '"') return State::ext_end;
      if (c == '\\') return State::ext_escaped;
      if (is_text(c)) return state_;
      break;
    case State::ext_escaped:
      if (is_text(c)) return State::ext_quoted;
      break;
    case State::ext_value:
      if (is_token_char(c)) return state_;
      [[fallthrough]];
    case State::ext_end:
      if (c == '\r') return State::size_lf;
      [[fallthrough]];
    case State::ext_end_blank:
      if (is_blank(c)) return State::ext_end_blank;
      if (c == ';') return State::ext_name_first;
      break;
    default: break;
  }
  return refuse("a chunk's extension is malformed");
}

ChunkedDecoder::State ChunkedDecoder::end_of_size_line() {
  if (size_ == 0) return State::trailer_first;
  ++chunks_;
  if (wire_ > limits_.average_after && body_ + size_ < chunks_ * limits_.min_average) {
    return refuse("the chunks are too small");
  }
  return State::data;
}

// Every trailer line is name ":" value CRLF; a folded one begins with a blank, which no name does.
ChunkedDecoder::State ChunkedDecoder::step_trailer(char c) {
  if (++trailers_ > limits_.max_trailers) return refuse("the trailers are too long");
  switch (state_) {
    case State::trailer_first:
      if (c == '\r') return State::end_lf;
      if (is_token_char(c)) return State::trailer_name;
      break;
    case State::trailer_name:
      if (c == ':') return State::trailer_value;
      if (is_token_char(c)) return state_;
      break;
    case State::trailer_value:
      if (c == '\r') return State::trailer_lf;
      if (is_text(c)) return state_;
      break;
    case State::trailer_lf:
      if (c == '\n') return State::trailer_first;
      break;
    case State::end_lf:
      if (c == '\n') return State::done;
      break;
    default: break;
  }
  return refuse("a trailer is malformed");
}

ChunkHead::ChunkHead(std::uint64_t size) : begin_(text_.size()) {
  text_[--begin_] = '\n';
  text_[--begin_] = '\r';
  do {
    text_[--begin_] = "0123456789abcdef"[size & 15];
    size >>= 4;
  } while (size != 0);
}

}  // namespace tandem::http
