// Targets and paths: a normal form is its own normal form, begins with '/', and holds nothing that a server could read
// as another path.
#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/path.h"
#include "common/http/target.h"
#include "tests/fuzz/require.h"

using namespace tandem::http;

namespace {

void check_normal(std::string_view path, PathRules rules) {
  std::string buffer;
  const auto again = normalize_path(path, buffer, rules);
  require(again && *again == path && path.starts_with('/'));
  require(!path.contains("//") && !path.contains("/../") && !path.contains("/./") && !path.contains('\\'));
  require(!path.ends_with("/..") && !path.ends_with("/.") && !path.contains("%00"));
  require(!path.contains("..;") || path.contains("...;") || path.find("/..;") == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool slashes : {false, true}) {
    const PathRules rules{.encoded_slashes = slashes};
    std::string buffer;
    if (const auto path = normalize_path(bytes, buffer, rules)) check_normal(*path, rules);
    const auto target = parse_target(Method::options, bytes);
    if (!target) continue;
    require(!target->path.contains('?') && !target->query.contains('#'));
    if (target->form == TargetForm::absolute) {
      std::string host;
      (void)parse_host(target->authority, host);
    }
    if (const auto path = normalize_path(target->path, buffer, rules)) check_normal(*path, rules);
  }
  std::string host;
  if (const auto parsed = parse_host(bytes, host)) require(!parsed->host.empty());
  return 0;
}
