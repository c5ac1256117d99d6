#include "common/http/head_parser.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "common/http/byte_class.h"
#include "common/http/head_rules.h"
#include "common/http/target.h"

namespace tandem::http {
namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::size_t kVersionSize = 9;  // " HTTP/1.1"

// The methods llhttp reads besides those of Method; it refuses all others, so they are told apart before it sees them.
bool is_known_method(std::string_view text) {
  static constexpr std::array kKnown = {
#define XX(number, name, text) std::string_view(#text),
      HTTP_METHOD_MAP(XX)
#undef XX
  };
  return std::ranges::find(kKnown, text) != kKnown.end();
}

bool is_version(std::string_view text) {  // "HTTP/" DIGIT "." DIGIT
  return text.size() == 8 && text.starts_with("HTTP/") && is_digit(static_cast<unsigned char>(text[5])) &&
         text[6] == '.' && is_digit(static_cast<unsigned char>(text[7]));
}

std::optional<HttpError> set_host(RequestHead& head, const Target& target) {
  const Field* field = head.fields.find(FieldId::host);
  if (field == nullptr && head.version_minor >= 1) return bad_request("HTTP/1.1 needs a Host field");
  HostPort parsed;
  if (field != nullptr) {
    const auto host = parse_host(field->value, head.host_buffer);
    if (!host) return host.error();
    parsed = *host;
    head.authority = field->value;
  }
  if (target.form == TargetForm::absolute) {
    std::string own;
    const auto host = parse_host(target.authority, own);
    if (!host) return host.error();
    if (field != nullptr && !same_authority(*host, parsed, target.secure)) {
      return bad_request("the target and the Host field name different hosts");
    }
    head.authority = target.authority;
    head.port = host->port;
    if (host->host.data() == own.data()) {
      head.host_buffer = own;
      head.host = head.host_buffer;
    } else {
      head.host = host->host;
    }
    return std::nullopt;
  }
  head.host = parsed.host;
  head.port = parsed.port;
  return std::nullopt;
}

}  // namespace

void RequestParser::reset() {
  scanner_.reset();
  result_ = {};
  start_ = fields_begin_ = method_size_ = target_size_ = 0;
  method_ = Method::other;
  version_minor_ = 1;
}

ParseResult RequestParser::refuse(HttpError error) {
  result_ = {ParseResult::State::refused, 0, error};
  return result_;
}

ParseResult RequestParser::feed(std::string_view bytes, RequestHead& head) {
  if (!result_.need_more()) return result_;
  if (fields_begin_ == 0 && (!skip_empty_line(bytes) || !read_line(bytes))) return result_;
  switch (scanner_.scan(bytes, start_, limits_)) {
    case HeadScanner::State::need_more: return result_;
    case HeadScanner::State::too_large: return refuse({431, "headers_too_large", "the head is too large"});
    case HeadScanner::State::too_many_fields: return refuse({431, "headers_too_large", "the head has too many fields"});
    case HeadScanner::State::malformed: return refuse(bad_request(scanner_.error_text()));
    case HeadScanner::State::complete: break;
  }
  if (const auto error = fill(bytes, head)) return refuse(*error);
  return result_;
}

// One CRLF before a request line is forgiven (RFC 9112 §2.2); what llhttp would skip besides is not.
bool RequestParser::skip_empty_line(std::string_view bytes) {
  if (bytes.empty()) return false;
  if (bytes[0] == '\r') {
    if (bytes.size() < 2) return false;
    start_ = 2;
    if (bytes[1] != '\n') return refuse(bad_request("a request begins with a stray CR")), false;
    if (bytes.size() < 3) return false;
  }
  if (!is_token_char(bytes[start_])) return refuse(bad_request("a request does not begin with a method")), false;
  return true;
}

bool RequestParser::read_line(std::string_view bytes) {
  const std::size_t longest = std::min(limits_.max_target + kLongestMethod + kVersionSize + 3, limits_.max_size);
  const std::size_t end = scanner_.find_line_end(bytes, start_);
  const std::size_t size = std::min(end, bytes.size()) - start_;
  if (size > longest) return refuse({414, "uri_too_long", "the request line is too long"}), false;
  if (end == std::string_view::npos) return false;
  if (const auto error = check_line(bytes.substr(start_, size))) return refuse(*error), false;
  fields_begin_ = end + 1;
  return true;
}

// method SP target SP "HTTP/1." ("0" | "1") CR, one space in each place (RFC 9112 §3); the LF was cut.
std::optional<HttpError> RequestParser::check_line(std::string_view line) {
  if (!line.ends_with('\r')) return bad_request("the request line does not end with CRLF");
  line.remove_suffix(1);
  method_size_ = line.find(' ');
  if (method_size_ == std::string_view::npos) return bad_request("the request line has no target");
  const std::string_view method = line.substr(0, method_size_);
  if (method.size() > kLongestMethod || !is_token(method)) return bad_request("the method is not a token");
  if (method == "PRI") return bad_request("HTTP/2 is not spoken here");
  const std::size_t last = line.rfind(' ');
  const std::string_view version = line.substr(last + 1);
  if (last == method_size_ || !is_version(version)) return bad_request("the request line has no HTTP version");
  const std::string_view target = line.substr(method_size_ + 1, last - method_size_ - 1);
  if (target.empty() || target.contains(' ')) return bad_request("the request line has more than two spaces");
  if (version[5] != '1' || version[7] > '1') {
    return HttpError{505, "version_not_supported", "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  }
  version_minor_ = version[7] - '0';
  if (target.size() > limits_.max_target) return HttpError{414, "uri_too_long", "the target is too long"};
  target_size_ = target.size();
  method_ = method_of(method);
  if (method_ == Method::connect) return HttpError{501, "not_implemented", "CONNECT is not offered"};
  if (method_ == Method::other && !is_known_method(method)) {
    return HttpError{501, "not_implemented", "the method is not known"};
  }
  return std::nullopt;
}

std::optional<HttpError> RequestParser::fill(std::string_view bytes, RequestHead& head) {
  head.clear();
  const std::size_t length = scanner_.bind(bytes, start_, fields_begin_, head.fields);
  if (length == 0) return bad_request(scanner_.error_text());
  head.method = method_;
  head.method_text = bytes.substr(start_, method_size_);
  head.target = bytes.substr(start_ + method_size_ + 1, target_size_);
  head.version_minor = version_minor_;
  if (const auto error = check_request_names(head.fields)) return error;
  const auto framing = request_framing(head.fields, version_minor_);
  if (!framing) return framing.error();
  head.framing = *framing;
  const auto target = parse_target(method_, head.target);
  if (!target) return target.error();
  head.form = target->form;
  head.path = target->path;
  head.query = target->query;
  head.has_query = target->has_query;
  if (const auto error = set_host(head, *target)) return error;
  head.connection = connection_options(head.fields);
  head.keep_alive = keeps_alive(head.connection, version_minor_);
  const auto waits = expects_continue(head.fields, version_minor_);
  if (!waits) return waits.error();
  head.expect_continue = *waits;
  result_ = {ParseResult::State::complete, length, {}};
  return std::nullopt;
}

void ResponseParser::reset(Method request) {
  scanner_.reset();
  result_ = {};
  request_ = request;
  fields_begin_ = reason_size_ = 0;
  status_ = 0;
  version_minor_ = 1;
}

ParseResult ResponseParser::refuse(std::string_view detail) {
  result_ = {ParseResult::State::refused, 0, bad_response(detail)};
  return result_;
}

ParseResult ResponseParser::feed(std::string_view bytes, ResponseHead& head) {
  if (!result_.need_more()) return result_;
  if (fields_begin_ == 0) {
    if (bytes.empty()) return result_;
    if (bytes[0] != 'H') return refuse("the answer does not begin with HTTP/");
    const std::size_t end = scanner_.find_line_end(bytes, 0);
    if (std::min(end, bytes.size()) > limits_.max_size) return refuse("the status line is too long");
    if (end == std::string_view::npos) return result_;
    if (const auto why = check_line(bytes.substr(0, end)); !why.empty()) return refuse(why);
    fields_begin_ = end + 1;
  }
  switch (scanner_.scan(bytes, 0, limits_)) {
    case HeadScanner::State::need_more: return result_;
    case HeadScanner::State::too_large: return refuse("the head is too large");
    case HeadScanner::State::too_many_fields: return refuse("the head has too many fields");
    case HeadScanner::State::malformed: return refuse(scanner_.error_text());
    case HeadScanner::State::complete: break;
  }
  if (const auto why = fill(bytes, head); !why.empty()) return refuse(why);
  return result_;
}

// "HTTP/1." ("0" | "1") SP 3DIGIT [SP reason] CR (RFC 9112 §4); the LF was cut. Many servers leave the last space out.
std::string_view ResponseParser::check_line(std::string_view line) {
  if (!line.ends_with('\r')) return "the status line does not end with CRLF";
  line.remove_suffix(1);
  if (line.size() < 12 || !is_version(line.substr(0, 8)) || line[5] != '1' || line[7] > '1') {
    return "the answer is neither HTTP/1.0 nor HTTP/1.1";
  }
  version_minor_ = line[7] - '0';
  status_ = 0;
  for (const char c : line.substr(9, 3)) {
    if (!is_digit(static_cast<unsigned char>(c))) return "the status is not three digits";
    status_ = status_ * 10 + (c - '0');
  }
  if (line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) return "the status line is malformed";
  if (status_ < 100 || status_ > 599) return "the status is not between 100 and 599";
  const std::string_view reason = line.size() > 13 ? line.substr(13) : std::string_view();
  const bool printable = std::ranges::all_of(
      reason, [](char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t'; });
  if (!printable || reason.starts_with(' ')) return "the reason phrase is not printable";
  reason_size_ = reason.size();
  return {};
}

std::string_view ResponseParser::fill(std::string_view bytes, ResponseHead& head) {
  head.clear();
  const std::size_t length = scanner_.bind(bytes, 0, fields_begin_, head.fields);
  if (length == 0) return scanner_.error_text();
  head.status = status_;
  head.version_minor = version_minor_;
  head.reason = reason_size_ > 0 ? bytes.substr(13, reason_size_) : std::string_view();
  if (const auto error = set_response_framing(head, request_)) return error->detail;
  head.connection = connection_options(head.fields);
  head.keep_alive = keeps_alive(head.connection, version_minor_) && head.framing.kind != BodyFraming::Kind::until_close;
  result_ = {ParseResult::State::complete, length, {}};
  return {};
}

bool llhttp_is_strict() {
  // Each passes the loose build: a CR before anything but LF, blanks in a name, bytes behind a closing message.
  static constexpr std::array<std::string_view, 4> kLooseOnly = {
      "GET / HTTP/1.1\r\nHost: x\r\n\rXGET /admin HTTP/1.1\r\nHost: y\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nDummy:\rZTransfer-Encoding: chunked\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\rXhelloYY0\r\n\rZ",
      "GET / HTTP/1.1\r\nFoo : bar\r\n\r\n",
  };
  static const llhttp_settings_t kNothing = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    return s;
  }();
  return std::ranges::all_of(kLooseOnly, [](std::string_view bytes) {
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &kNothing);
    return llhttp_execute(&parser, bytes.data(), bytes.size()) != HPE_OK;
  });
}

std::string_view parser_fault() {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("sse4.2")) return "the HTTP parser needs a processor with SSE 4.2 (of 2011 or later)";
#endif
  return llhttp_is_strict() ? "" : "the HTTP parser was not built in strict mode";
}

}  // namespace tandem::http
