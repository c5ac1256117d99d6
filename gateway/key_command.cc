#include "gateway/key_command.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/base64.h"
#include "common/config/value.h"
#include "gateway/auth/verified.h"
#include "gateway/config_consumers.h"

namespace tandem::gateway {
namespace {

constexpr std::string_view kPrefix = "tandem_";  // so that whoever looks for secrets that got out finds them

std::string new_key() {
  std::array<unsigned char, 32> chance{};
  if (RAND_bytes(chance.data(), chance.size()) != 1) return {};
  return std::string(kPrefix) + to_base64url({reinterpret_cast<const char*>(chance.data()), chance.size()});
}

config::Value::Array words_of(std::string_view list) {
  config::Value::Array words;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) words.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return words;
}

}  // namespace

std::expected<std::string, std::string> key_command(const std::string& action, const std::string& name,
                                                    const std::string& groups, const std::string& plan) {
  if (action != "new") return std::unexpected("key: the only action is \"new\"");
  config::Value consumer;
  const std::string key = new_key();
  if (key.empty()) return std::unexpected("key: the system has no randomness to give");
  consumer.set("name", name).set("key_hash", key_hash_text(key));
  if (auto words = words_of(groups); !words.empty()) consumer.set("groups", std::move(words));
  if (!plan.empty()) consumer.set("plan", plan);
  if (const std::string why = wrong_with_consumer(consumer); !why.empty()) return std::unexpected("key: " + why);
  config::Value file;
  file.set("consumer", config::Value::Array{std::move(consumer)});
  return fmt::format(
      "The key of {}, which is shown this once:\n\n{}\n\nWhat to keep, in the file that `consumers` "
      "names:\n{}",
      config::quoted(name), key, config::to_toml(file));
}

}  // namespace tandem::gateway
