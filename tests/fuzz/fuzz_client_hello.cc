// ClientHellos: whole and in pieces must agree, a hello that was understood fits its bounds, and what follows it
// changes nothing. The first byte says how the rest is cut.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "common/net/client_hello.h"
#include "tests/fuzz/require.h"

using namespace tandem;
using namespace tandem::net;

namespace {

using Read = Result<std::optional<ClientHello>>;

Read fed(const std::string& bytes, std::size_t step) {
  ClientHelloReader reader;
  for (std::size_t n = 0; n < bytes.size();) {
    n = std::min(bytes.size(), n + step);
    const std::string part(bytes, 0, n);
    auto read = reader.read(part);
    if (!read || *read) return read;
  }
  return std::nullopt;
}

void agree(const Read& one, const Read& other) {
  require(one.has_value() == other.has_value());
  if (!one) return require(one.error().reason == other.error().reason);
  require(one->has_value() == other->has_value());
  if (!*one) return;
  require((*one)->server_name == (*other)->server_name);
  require((*one)->protocols == (*other)->protocols);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string input(reinterpret_cast<const char*>(data + 1), size - 1);
  const Read whole = fed(input, input.size());
  agree(whole, fed(input, std::max<std::size_t>(data[0], input.size() / 64 + 1)));
  if (!whole || !*whole) return 0;
  agree(whole, fed(input + "x", input.size() + 1));
  const ClientHello& hello = **whole;
  require(hello.server_name.size() <= 253);
  std::size_t bytes = 0;
  for (std::string_view list = hello.protocols; !list.empty();) {
    const std::string_view name = next_protocol(list);
    require(!name.empty());
    bytes += name.size() + 1;
  }
  require(bytes == hello.protocols.size());
  return 0;
}
