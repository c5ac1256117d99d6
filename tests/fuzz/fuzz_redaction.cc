// Queries on their way into a log: what is masked once is masked, nothing that is not a value is lost, and a parameter
// of a secret's name never shows its value.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/redaction.h"
#include "tests/fuzz/require.h"

using namespace tandem;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  static const gateway::Redaction redaction;
  std::string once, twice;
  redaction.append_query(once, query);
  redaction.append_query(twice, once);
  require(once == twice);
  const auto separators = [](std::string_view text) {
    std::string kept;
    for (const char c : text) {
      if (c == '&' || c == ';') kept += c;
    }
    return kept;
  };
  require(separators(once) == separators(query));
  std::string hidden;
  redaction.append_query(hidden, "token=" + std::string(query.substr(0, query.find_first_of("&;"))));
  require(hidden == "token=***");
  return 0;
}
