// Conditional requests (RFC 9110 §13) answered from what is stored. Pure.
#pragma once
#include <string_view>

#include "common/base/clock.h"
#include "common/http/message.h"

namespace tandem::cache {

// Entity tags as they stand in fields, quotes and W/ included.
bool weakly_equal(std::string_view a, std::string_view b);
bool strongly_equal(std::string_view a, std::string_view b);
bool is_weak(std::string_view tag);

// Whether a client that has these conditions has the stored answer already (304): If-None-Match, and where there is
// none If-Modified-Since. Only for an answer of status 200.
bool client_has_it(const http::Fields& request, const http::Fields& stored, WallTime now);

// Whether Range counts: without If-Range, or where it names exactly what is stored (§13.1.5).
bool range_applies(const http::Fields& request, const http::Fields& stored, WallTime now);

}  // namespace tandem::cache
