// What the `end` of a connection says of who is to blame.
#pragma once
#include <cstdint>
#include <string_view>

namespace tandem::lb {

// Nobody; a server or lb itself; the client.
enum class EndKind : std::uint8_t { good, error, refused };
EndKind kind_of_end(std::string_view end);

}  // namespace tandem::lb
