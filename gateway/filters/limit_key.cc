#include "gateway/filters/limit_key.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include <fmt/format.h>

#include "common/base/id.h"
#include "gateway/auth/verified.h"
#include "gateway/generation.h"
#include "gateway/routing/template.h"

namespace tandem::gateway {
namespace {

using Kind = LimitKeyPart::Kind;

// For tables: each part with its kind and its length, so that no two keys look alike.
struct Bytes {
  std::string& out;
  void operator()(Kind kind, std::string_view value) const {
    const auto size = static_cast<std::uint32_t>(value.size());
    out += static_cast<char>('a' + static_cast<int>(kind));
    out.append(reinterpret_cast<const char*>(&size), sizeof size).append(value);
  }
  void operator()(const IpAddress& address) const {
    const limit::Key source = limit::source(address);
    (*this)(Kind::ip, {reinterpret_cast<const char*>(source.data()), source.size()});
  }
};

constexpr std::size_t kLongestPlain = 64;

bool is_plain(std::string_view value) {
  return !value.empty() && value.size() <= kLongestPlain && std::ranges::all_of(value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._@-").contains(c);
  });
}

std::string hashed(std::string_view value) {
  const Verified::Hash digest = Verified::hash(value);
  std::string text = "#";
  for (std::size_t i = 0; i < 16; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

// For people and for other gateways: "ip=10.0.0.1,route=orders".
struct Readable {
  std::string& out;
  void begin(Kind kind) const {
    if (!out.empty()) out += ',';
    out.append(name_of(kind)) += '=';
  }
  void operator()(Kind kind, std::string_view value) const {
    begin(kind);
    out += kind != Kind::header && is_plain(value) ? std::string(value) : hashed(value);
  }
  void operator()(const IpAddress& address) const {
    begin(Kind::ip);
    IpAddress{limit::source(address)}.append_to(out);
    if (!address.is_v4()) out += "/64";
  }
};

}  // namespace

LimitKey::LimitKey(const std::vector<LimitKeyPart>& parts, const routing::MatchPattern& pattern) {
  for (const LimitKeyPart& part : parts) {
    Part& made = parts_.emplace_back(Part{part.kind, part.name});
    if (part.kind != Kind::param) continue;
    const auto index = pattern.param_index(part.name);
    assert(index && "load_gateway() has checked it");
    made.param = *index;
  }
}

template <class Out>
void LimitKey::write(const Exchange& exchange, Out& out) const {
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Kind::ip: out(exchange.client); break;
      case Kind::global: out(Kind::global, "all"); break;
      case Kind::route: out(Kind::route, exchange.route->name); break;
      case Kind::header:
        if (exchange.request.fields.find(part.name)) {
          out(Kind::header, exchange.request.fields.joined(part.name));
        } else {
          out(exchange.client);
        }
        break;
      case Kind::param:
        out(Kind::param, routing::decode(exchange.params.span()[part.param], routing::Place::path));
        break;
      case Kind::caller:
        if (exchange.identity && !exchange.identity->consumer.empty()) {
          out(Kind::caller, exchange.identity->key());
        } else {
          out(exchange.client);
        }
        break;
      case Kind::claim:
        if (const auto claim = exchange.identity ? exchange.identity->claim(part.name) : std::nullopt) {
          out(Kind::claim, *claim);
        } else {
          out(exchange.client);
        }
        break;
    }
  }
}

limit::Key LimitKey::of(const Exchange& exchange) const {
  if (parts_.size() == 1 && parts_.front().kind == Kind::ip) return limit::source(exchange.client);
  static const std::uint64_t secret = random_word();
  std::string bytes;
  Bytes out{bytes};
  write(exchange, out);
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), secret);
  limit::Key key;
  static_assert(sizeof hash == sizeof key);
  std::memcpy(key.data(), &hash, sizeof key);
  return key;
}

std::string LimitKey::text_of(const Exchange& exchange) const {
  std::string text;
  Readable out{text};
  write(exchange, out);
  return text;
}

}  // namespace tandem::gateway
