// What a client likes of several representations (RFC 9110 §12.4, §12.5). Pure. Weights are 0 (not at all) to 1000.
#pragma once
#include <optional>
#include <string_view>

namespace tandem::http {

// The weight that the parameters behind an element's first ";" give; 1000 where no readable q stands.
int weight_of(std::string_view parameters);

// How much a content coding is liked: by its own name, else by "*"; nothing where neither stands. `accept_encoding`:
// the value of one field or several joined.
std::optional<int> coding_weight(std::string_view accept_encoding, std::string_view coding);

// How much a media type ("text/html") is liked: its own name before "text/*" before "*/*"; all alike without a list.
int media_weight(std::string_view accept, std::string_view type);

}  // namespace tandem::http
