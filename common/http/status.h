// Status codes and their reason phrases (RFC 9110 §15).
#pragma once
#include <string_view>

namespace tandem::http {

std::string_view reason_phrase(int status) noexcept;  // "Unknown" for one that is not registered

}  // namespace tandem::http
