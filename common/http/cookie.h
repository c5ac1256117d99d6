// Cookies of a request (RFC 6265 §4.2.1). Pure; views point into the fields' values.
#pragma once
#include <optional>
#include <string_view>

#include "common/http/message.h"

namespace tandem::http {

// The value of the first cookie of that name, without quotes around it; names compare with regard to case.
std::optional<std::string_view> cookie(const Fields& fields, std::string_view name);

}  // namespace tandem::http
