#include "gateway/config_redis.h"

#include <fmt/format.h>

#include "common/config/tls_section.h"

namespace tandem::gateway {
namespace {

using namespace config;
using redis::Options;

// "127.0.0.1:6379", "unix:/run/redis.sock", or "redis.internal:6379".
Kind<redis::Target> target() {
  Kind<redis::Target> kind;
  kind.read = [](Reader& reader, const Value& value, redis::Target& to) {
    const auto text = reader.text(value, "an address such as \"127.0.0.1:6379\"");
    if (!text) return false;
    if (auto address = Address::parse(*text)) {
      if (!address->is_unix() && (address->is_any() || address->endpoint().port == 0)) {
        return reader.error(value.place, quoted(*text) + " cannot be connected to; write the server's host and port");
      }
      to = *std::move(address);
      return true;
    }
    auto name = balance::DnsSource::parse("dns:" + *text);
    if (!name) {
      return reader.error(value.place, quoted(*text) +
                                           " is no address; write one such as \"127.0.0.1:6379\", "
                                           "\"redis.internal:6379\" or \"unix:/run/redis.sock\"");
    }
    to = *std::move(name);
    return true;
  };
  kind.show = [](const redis::Target& shown) { return std::optional<Value>(redis::to_text(shown)); };
  kind.schema = text().schema;
  return kind;
}

const Section<Options>& redis_section() {
  static const Section<Options> section =
      Section<Options>()
          .field("address", &Options::target, target(),
                 "Where it listens: \"127.0.0.1:6379\", \"redis.internal:6379\" or \"unix:/run/redis.sock\".")
          .required()
          .no_default()
          .field("username", &Options::username, unless_empty(text()), "Of its ACL; without it a password is enough.")
          .field("password", &Options::password, secret(), "Its password.")
          .field("database", &Options::database, integer<std::uint32_t>(0, 1'000'000), "The number of the database.")
          .field("timeout", &Options::timeout, duration(std::chrono::milliseconds(1), std::chrono::seconds(10)),
                 "How long a request waits for it; then it is decided without.")
          .field("prefix", &Options::prefix, text(), "What every key begins with.")
          .field("tls", &Options::tls, upstream_tls(), "TLS to it; without it there is none.");
  return section;
}

bool check(Reader& reader, const Options& options) {
  if (options.username.empty() || options.password) return true;
  const auto scope = reader.inside("redis " + quoted(options.name));
  return reader.error(options.place, "username: there is no `password` that goes with it");
}

}  // namespace

Kind<std::vector<Options>> redis_servers() {
  auto kind = named<Options>(
      "redis", redis_section(), [](Options& options) -> std::string& { return options.name; }, &Options::place);
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::vector<Options>& to) {
    bool good = read(reader, value, to);
    for (const Options& one : to) good = check(reader, one) && good;
    return good;
  };
  kind.show = [show = kind.show](const std::vector<Options>& shown) {
    return shown.empty() ? std::nullopt : show(shown);
  };
  return kind;
}

}  // namespace tandem::gateway
