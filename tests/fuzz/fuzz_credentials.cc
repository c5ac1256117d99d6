// Passwords and keys at the door and in the files of an operator: whatever stands there, it is read or refused; what is
// accepted of a request is one spelling, and what is accepted of a file can be used.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/diagnostics.h"
#include "gateway/config_consumers.h"
#include "gateway/passwords/basic_credential.h"
#include "gateway/passwords/htpasswd.h"
#include "tests/fuzz/require.h"

using namespace tandem;

namespace {

void check_credential(std::string_view bytes) {
  const auto read = passwords::parse_basic(bytes);
  if (!read) return;
  require(passwords::is_user_name(read->name));
  require(!read->password.empty() && read->password.size() <= passwords::kMaxPasswordBytes);
  require(!read->password.contains('\0'));
  std::string other(bytes);  // no other spelling means the same
  other.back() = other.back() == 'A' ? 'B' : 'A';
  const auto again = passwords::parse_basic(other);
  require(!again || again->name != read->name || again->password != read->password);
}

void check_users(std::string_view bytes) {
  const passwords::Users read = passwords::parse_htpasswd(bytes);
  for (const auto& fault : read.faults) require(fault.line > 0 && fault.column > 0 && !fault.text.empty());
  for (std::size_t i = 0; i < read.users.size(); ++i) {
    require(passwords::is_user_name(read.users[i].name));
    require(i == 0 || read.users[i].line > read.users[i - 1].line);
  }
}

void check_consumers(std::string_view bytes) {
  config::Diagnostics diagnostics;
  config::Reader reader(diagnostics);
  const std::uint32_t file = diagnostics.add_file("consumers.toml", std::string(bytes));
  std::vector<gateway::ConsumerConfig> read;
  const bool good = gateway::parse_consumers(reader, file, gateway::key_consumer_section(), read);
  require(good == !diagnostics.has_errors());
  for (const auto& consumer : read) require(!good || (!consumer.name.empty() && !consumer.name.contains('\n')));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_credential(bytes);
  check_users(bytes);
  check_consumers(bytes);
  return 0;
}
