// One segment of a path: what a typed parameter takes, and how literal text of the configuration is spelled so that it
// equals a request's normalised path (RFC 3986 §6.2.2: unreserved characters plain, escapes in upper case). Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::routing {

// In the order of precedence; uint and uuid have no text in common, so their order between them decides nothing.
enum class SegmentKind : std::uint8_t { literal, uint, uuid, slug, text, rest };

bool is_uint(std::string_view segment);  // "0", or up to 19 digits without a leading zero
bool is_uuid(std::string_view segment);  // 8-4-4-4-12 hexadecimal digits, either case
bool is_slug(std::string_view segment);  // one or more of A-Z a-z 0-9 _ -

bool is_unreserved(unsigned char c);                    // RFC 3986 §2.3
bool is_segment_char(unsigned char c);                  // pchar without "%": RFC 3986 §3.3
int hex_value(unsigned char c);                         // -1 when it is no hexadecimal digit
bool is_escape(std::string_view text, std::size_t at);  // "%" and two hexadecimal digits stand at `at`
void append_escaped(std::string& out, unsigned char c);

// Whether a name or value of a query says `plain` to those who decode it as a form's (with "+" for a space).
bool decodes_to(std::string_view encoded, std::string_view plain);

// Whether a service could read this (escaped) segment as "." or "..": escapes are looked through, and what follows a
// ";" is cut as some services do.
bool is_dot_segment(std::string_view segment);

// Literal text comes from a path or from a query; the query may hold "/" and "?" too.
enum class Place : std::uint8_t { path, query };

// Reads one character or escape of literal text at `at`, appends its normalised spelling and moves `at` behind it.
// Bytes of UTF-8 may be written plainly and are escaped. Gives nullptr, or what is wrong there.
const char* append_literal(std::string& out, std::string_view text, std::size_t& at, Place place);

// Whether the escapes of a normalised literal make up valid UTF-8; requests whose path does not are refused.
bool is_utf8_when_decoded(std::string_view literal);

}  // namespace tandem::routing
