#include "common/http/head_rules.h"

#include <algorithm>
#include <limits>

#include "common/http/byte_class.h"

namespace tandem::http {
namespace {

constexpr FieldSet kOnlyOnce(FieldId::host, FieldId::authorization, FieldId::content_length, FieldId::transfer_encoding,
                             FieldId::sec_websocket_key, FieldId::sec_websocket_version);

bool is_framing_in_disguise(std::string_view name) {
  if (name.size() != 14 && name.size() != 17) return false;
  const std::string_view real = field_name(name.size() == 14 ? FieldId::content_length : FieldId::transfer_encoding);
  return std::ranges::equal(name, real, {}, [](char c) { return c == '_' ? '-' : to_lower(c); });
}

// What a Transfer-Encoding other than `chunked` deserves: 501 if it is a list of codings, 400 if it is nothing at all.
HttpError refuse_coding(std::string_view value) {
  bool other_coding = false;
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t comma = std::min(value.find(',', begin), value.size());
    const std::string_view coding = trim(value.substr(begin, comma - begin));
    if (!is_token(coding)) return bad_request("Transfer-Encoding is malformed");
    other_coding |= !equals_ignoring_case(coding, "chunked");
    begin = comma + 1;
  }
  if (!other_coding) return bad_request("Transfer-Encoding names chunked twice");
  return {501, "not_implemented", "the transfer coding is not known"};
}

std::expected<bool, HttpError> is_chunked(const Fields& fields, int version_minor) {
  if (!fields.has(FieldId::transfer_encoding)) return false;
  if (fields.has(FieldId::content_length)) {
    return std::unexpected(bad_request("Transfer-Encoding and Content-Length together"));
  }
  if (version_minor == 0) return std::unexpected(bad_request("Transfer-Encoding in HTTP/1.0"));
  if (fields.count(FieldId::transfer_encoding) > 1) return std::unexpected(bad_request("Transfer-Encoding twice"));
  const std::string_view value = fields.find(FieldId::transfer_encoding)->value;
  if (!equals_ignoring_case(value, "chunked")) return std::unexpected(refuse_coding(value));
  return true;
}

}  // namespace

ConnectionOptions connection_options(const Fields& fields) {
  ConnectionOptions options;
  if (!fields.has(FieldId::connection)) return options;
  for (const Field& field : fields) {
    if (field.id != FieldId::connection) continue;
    for_each_element(field.value, [&](std::string_view token) {
      if (equals_ignoring_case(token, "close")) {
        options.close = true;
      } else if (equals_ignoring_case(token, "keep-alive")) {
        options.keep_alive = true;
      } else if (equals_ignoring_case(token, "upgrade")) {
        options.upgrade = true;
      } else {
        options.others = true;
      }
    });
  }
  return options;
}

bool keeps_alive(const ConnectionOptions& connection, int version_minor) {
  return !connection.close && (version_minor >= 1 || connection.keep_alive);
}

std::optional<HttpError> check_request_names(const Fields& fields) {
  FieldSet seen;
  for (const Field& field : fields) {
    if (field.id == FieldId::other) {
      if (is_framing_in_disguise(field.name)) return bad_request("a framing field is spelled with an underscore");
      continue;
    }
    if (seen.has(field.id) && kOnlyOnce.has(field.id)) return bad_request("a field that may stand once stands twice");
    seen.add(field.id);
  }
  return std::nullopt;
}

std::expected<std::optional<std::uint64_t>, HttpError> content_length(const Fields& fields) {
  if (!fields.has(FieldId::content_length)) return std::optional<std::uint64_t>();
  if (fields.count(FieldId::content_length) > 1) return std::unexpected(bad_request("Content-Length twice"));
  const std::string_view text = fields.find(FieldId::content_length)->value;
  if (text.empty() || text.size() > 19 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::unexpected(bad_request("Content-Length is not a number"));
  }
  std::uint64_t length = 0;  // 19 digits fit into 64 bits
  for (const char c : text) length = length * 10 + static_cast<std::uint64_t>(c - '0');
  if (length > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return std::unexpected(bad_request("Content-Length is too large"));
  }
  return std::optional(length);
}

std::expected<BodyFraming, HttpError> request_framing(const Fields& fields, int version_minor) {
  const auto chunked = is_chunked(fields, version_minor);
  if (!chunked) return std::unexpected(chunked.error());
  if (*chunked) return BodyFraming::chunked();
  const auto length = content_length(fields);
  if (!length) return std::unexpected(length.error());
  return *length ? BodyFraming::of_length(**length) : BodyFraming::none();
}

std::optional<HttpError> set_response_framing(ResponseHead& head, Method request) {
  const auto chunked = is_chunked(head.fields, head.version_minor);
  if (!chunked) return chunked.error();
  const auto length = content_length(head.fields);
  if (!length) return length.error();
  head.declared_length.reset();
  const bool of_head = request == Method::head;
  if (of_head || head.status < 200 || head.status == 204 || head.status == 304) {
    head.framing = BodyFraming::none();
    if (head.status >= 200 && head.status != 204) head.declared_length = *length;
  } else if (*chunked) {
    head.framing = BodyFraming::chunked();
  } else {
    head.framing = *length ? BodyFraming::of_length(**length) : BodyFraming::until_close();
  }
  return std::nullopt;
}

std::expected<bool, HttpError> expects_continue(const Fields& fields, int version_minor) {
  if (!fields.has(FieldId::expect)) return false;
  const HttpError refused{417, "expectation_failed", "the only expectation met here is 100-continue"};
  if (fields.count(FieldId::expect) > 1) return std::unexpected(refused);
  if (!equals_ignoring_case(fields.find(FieldId::expect)->value, "100-continue")) return std::unexpected(refused);
  return version_minor >= 1;
}

}  // namespace tandem::http
