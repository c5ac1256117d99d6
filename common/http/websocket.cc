#include "common/http/websocket.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "common/http/byte_class.h"

namespace tandem::http {
namespace {

bool says_websocket_alone(const Fields& fields) {
  return fields.count(FieldId::upgrade) == 1 && equals_ignoring_case(*fields.value(FieldId::upgrade), kWebSocket);
}

// 16 bytes in base64: 22 digits, the last with four spare bits that are zero, and two signs of padding.
bool is_key(std::string_view text) {
  if (text.size() != 24 || !text.ends_with("==")) return false;
  const auto is_digit64 = [](char c) {
    return is_alpha(static_cast<unsigned char>(c)) || is_digit(static_cast<unsigned char>(c)) || c == '+' || c == '/';
  };
  return std::ranges::all_of(text.substr(0, 22), is_digit64) && std::string_view("AQgw").contains(text[21]);
}

}  // namespace

bool asks_for_websocket(const RequestHead& head) {
  if (!head.connection.upgrade || head.method != Method::get || head.version_minor != 1) return false;
  const Fields& fields = head.fields;
  return says_websocket_alone(fields) && head.framing.kind == BodyFraming::Kind::none &&
         fields.value(FieldId::sec_websocket_version) == "13" && fields.count(FieldId::sec_websocket_key) == 1 &&
         is_key(*fields.value(FieldId::sec_websocket_key));
}

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(length)};
}

std::string_view refuse_websocket_answer(const ResponseHead& head, std::string_view key) {
  if (head.version_minor != 1) return "status 101 in HTTP/1.0";
  if (!head.connection.upgrade || !says_websocket_alone(head.fields)) return "status 101 without the upgrade asked for";
  if (head.fields.count(FieldId::sec_websocket_accept) != 1 ||
      head.fields.value(FieldId::sec_websocket_accept) != websocket_accept(key)) {
    return "status 101 with a Sec-WebSocket-Accept that does not belong to the key";
  }
  return {};
}

}  // namespace tandem::http
