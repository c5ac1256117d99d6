// llhttp over the lines of a head, remembered as offsets, and the proof that these lines lie in the raw bytes exactly
// as they should: name, colon, blanks, value, CRLF, next name. A part of the head parsers; nothing else uses it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <llhttp.h>

#include "common/http/message.h"

namespace tandem::http {

struct HeadLimits {
  std::size_t max_size = 32 * 1024;  // of the whole head, an empty line before it included
  std::size_t max_fields = 100;
  std::size_t max_target = 8 * 1024;
};

class HeadScanner {
 public:
  enum class Kind : std::uint8_t { request, response };
  enum class State : std::uint8_t { need_more, complete, too_large, too_many_fields, malformed };

  explicit HeadScanner(Kind kind) : kind_(kind) { reset(); }
  void reset();

  // Looks for the end of the first line (LF) beyond what was searched before; npos when it has not come.
  std::size_t find_line_end(std::string_view bytes, std::size_t from);

  // Gives llhttp what is new in `bytes`; `start` is where the first line begins. Stops at the end of the head.
  State scan(std::string_view bytes, std::size_t start, const HeadLimits& limits);

  // After `complete`: checks the raw structure from `fields_begin` (just behind the first line) on and appends the
  // fields. Gives the head's length, 0 when anything stands where it should not; error_text() says what.
  std::size_t bind(std::string_view bytes, std::size_t start, std::size_t fields_begin, Fields& fields);

  std::size_t scanned() const { return searched_ > fed_ ? searched_ : fed_; }
  std::string_view error_text() const { return error_text_; }  // static text

 private:
  struct Line {  // offsets into the head
    std::uint32_t name_begin, name_end;
    std::uint32_t value_begin, value_end;
  };
  static constexpr std::uint32_t kNone = 0;  // no value can begin at offset 0

  static const llhttp_settings_t& settings();
  static int on_name(llhttp_t* parser, const char* at, std::size_t length);
  static int on_name_end(llhttp_t* parser);
  static int on_value(llhttp_t* parser, const char* at, std::size_t length);
  static int on_head_end(llhttp_t* parser);
  std::uint32_t offset(const char* at) const { return static_cast<std::uint32_t>(at - base_); }

  Kind kind_;
  llhttp_t parser_;
  std::vector<Line> lines_;
  const char* base_ = nullptr;  // valid during scan()
  std::size_t max_fields_ = 0;
  std::size_t fed_ = 0;       // bytes that llhttp has seen
  std::size_t searched_ = 0;  // bytes in which no LF was found
  bool in_name_ = false;
  bool folded_ = false;
  bool too_many_ = false;
  std::string_view error_text_;
};

}  // namespace tandem::http
