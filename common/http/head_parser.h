// Parsers for the heads of requests and responses: llhttp (strict) over bytes that may come in any pieces, and on top
// of it every check that llhttp leaves out. A parser belongs to one connection while a head is incomplete; between
// heads one per worker can serve all. Bodies never pass through it (see body_decoder.h). No allocation in the usual
// case.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/http/head_scanner.h"
#include "common/http/http_error.h"
#include "common/http/message.h"

namespace tandem::http {

struct ParseResult {
  enum class State : std::uint8_t { need_more, complete, refused };
  State state = State::need_more;
  std::size_t head_length = 0;  // complete: the bytes of the head, its final empty line included
  HttpError error{};            // refused

  bool need_more() const { return state == State::need_more; }
  bool complete() const { return state == State::complete; }
  bool refused() const { return state == State::refused; }
};

// RFC 9112 §2-§3 and §5-§7, stricter wherever a second reader could see another message: 400, or 414 (target), 431
// (size, number of fields), 505 (version), 501 (method, transfer coding), 417 (expectation). After a refusal nothing
// that follows on the connection may be read.
class RequestParser {
 public:
  explicit RequestParser(HeadLimits limits = {}) : limits_(limits), scanner_(HeadScanner::Kind::request) {}

  void reset(HeadLimits limits) { limits_ = limits, reset(); }
  void reset();  // before every head

  // `bytes` begins with the head's first byte and holds all that came so far; it may lie elsewhere at each call. What
  // was looked at once is not looked at again, apart from one cheap scan at the end. When complete, `head` is filled
  // and its views point into `bytes`.
  ParseResult feed(std::string_view bytes, RequestHead& head);

  // A byte of a request has come (one empty line before it is none): closing now cuts a request off.
  bool begun() const { return scanner_.scanned() > start_; }

 private:
  ParseResult refuse(HttpError error);
  // Steps of feed(): each gives false when it must wait for more or has refused (see result_).
  bool skip_empty_line(std::string_view bytes);
  bool read_line(std::string_view bytes);
  std::optional<HttpError> check_line(std::string_view line);
  std::optional<HttpError> fill(std::string_view bytes, RequestHead& head);

  HeadLimits limits_;
  HeadScanner scanner_;
  ParseResult result_;
  std::size_t start_ = 0;         // where the request line begins: 0, or 2 after an empty line
  std::size_t fields_begin_ = 0;  // just behind the request line; 0 until it has been read
  std::size_t method_size_ = 0, target_size_ = 0;
  Method method_ = Method::other;
  int version_minor_ = 1;
};

// RFC 9112 §4: a head from a server. Every refusal is a 502 whose connection must be closed. Interim heads (1xx) are
// heads like any other: the caller resets and goes on, at most 8 times, and decides whether 101 was asked for.
class ResponseParser {
 public:
  explicit ResponseParser(HeadLimits limits = {}) : limits_(limits), scanner_(HeadScanner::Kind::response) {}

  // `request` decides whether the answer has a body (none to HEAD).
  void reset(Method request);
  ParseResult feed(std::string_view bytes, ResponseHead& head);

  bool begun() const { return scanner_.scanned() > 0; }

 private:
  ParseResult refuse(std::string_view detail);
  std::string_view check_line(std::string_view line);  // why it is refused; empty when it is not
  std::string_view fill(std::string_view bytes, ResponseHead& head);

  HeadLimits limits_;
  HeadScanner scanner_;
  ParseResult result_;
  Method request_ = Method::get;
  std::size_t fields_begin_ = 0;  // just behind the status line; 0 until it has been read
  int status_ = 0;
  int version_minor_ = 1;
  std::size_t reason_size_ = 0;
};

// Whether the llhttp linked in refuses what its loose build lets through (bare CR, bytes after a close …). Called once
// at start: a program must not run with a parser that answers false.
bool llhttp_is_strict();
// Why the parser can't be used here, in words for a person: it is not strict, or this machine's processor lacks what it
// was built for. Empty: it can.
std::string_view parser_fault();

}  // namespace tandem::http
