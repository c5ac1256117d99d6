#include "gateway/config_consumers.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "common/config/files.h"
#include "common/config/parse.h"
#include "common/http/byte_class.h"
#include "gateway/auth/verified.h"

namespace tandem::gateway {
namespace {

using namespace config;

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;  // a hundred thousand consumers
constexpr std::string_view kHashKind = "sha256:";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// A text that gets into fields and logs. `of_list`: it is one of several there, so it has no commas and spaces.
Kind<std::string> label_text(std::string what, bool of_list) {
  Kind<std::string> kind = text();
  kind.read = [what, of_list](Reader& reader, const Value& value, std::string& to) {
    const auto text = reader.text(value, what);
    if (!text) return false;
    if (text->empty()) return reader.error(value.place, "it is empty");
    if (std::ranges::any_of(*text, is_control)) {
      return reader.error(value.place, "it must not hold control characters");
    }
    if (of_list && text->find_first_of(", ") != std::string::npos) {
      return reader.error(value.place, what + " is one word, without commas");
    }
    to = *text;
    return true;
  };
  return kind;
}

std::optional<Verified::Hash> parse_hash(std::string_view text) {
  Verified::Hash hash{};
  if (!text.starts_with(kHashKind)) return std::nullopt;
  text.remove_prefix(kHashKind.size());
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const int high = http::hex_value(text[2 * i]), low = http::hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return hash;
}

// Whoever writes the key itself there sees it in no message.
Kind<Verified::Hash> key_hash() {
  Kind<Verified::Hash> kind;
  kind.read = [](Reader& reader, const Value& value, Verified::Hash& to) {
    if (!value.table()) reader.diagnostics().hide_line(value.place);
    const auto text = reader.text(value, "\"sha256:…\"");
    if (!text) return false;
    const auto hash = parse_hash(*text);
    if (!hash) {
      return reader.error(value.place,
                          "write \"sha256:\" and 64 hexadecimal digits, as `gateway key new` "
                          "does; the key itself must not stand here");
    }
    if (*hash == Verified::hash("")) return reader.error(value.place, "it is that of an empty key");
    to = *hash;
    return true;
  };
  kind.show = [](const Verified::Hash&) { return std::optional<Value>("********"); };
  kind.schema = [] { return text().schema(); };
  kind.secret = true;
  return kind;
}

Kind<std::vector<std::string>> groups() {
  auto names = list(label_text("a group", true), "groups");
  names.show = [show = names.show](const std::vector<std::string>& shown) {
    return shown.empty() ? std::nullopt : show(shown);
  };
  return names;
}

Section<ConsumerConfig> common_keys() {
  return Section<ConsumerConfig>()
      .field("name", &ConsumerConfig::name, label_text("a name", false), "Who it is: in logs, limits and headers.")
      .no_default()
      .required()
      .field("groups", &ConsumerConfig::groups, groups(), "What it belongs to.")
      .field("plan", &ConsumerConfig::plan, unless_empty(label_text("a plan", true)),
             "What it has paid for: limits may have tiers by it.");
}

}  // namespace

const Section<ConsumerConfig>& consumer_section() {
  static const Section<ConsumerConfig> section = common_keys();
  return section;
}

const Section<ConsumerConfig>& key_consumer_section() {
  static const Section<ConsumerConfig> section =
      common_keys()
          .field("key_hash", &ConsumerConfig::key_hash, key_hash(),
                 "\"sha256:\" and the hash of the key; made by `gateway key new NAME`.")
          .at(&ConsumerConfig::key_hash_place)
          .required();
  return section;
}

bool read_consumers(Reader& reader, const std::string& path, Place named_at, const Section<ConsumerConfig>& section,
                    std::vector<ConsumerConfig>& to) {
  auto text = read_file(path, kMostBytes);
  if (!text) return reader.error(named_at, text.error().detail);
  return parse_consumers(reader, reader.diagnostics().add_file(path, *std::move(text)), section, to);
}

bool parse_consumers(Reader& reader, std::uint32_t file, const Section<ConsumerConfig>& section,
                     std::vector<ConsumerConfig>& to) {
  const auto root = parse_toml(file, reader.diagnostics());
  if (!root) return false;
  const Place whole = {file, 0, 0};
  bool good = true;
  const Value* consumers = nullptr;
  for (const Member& member : *root->table()) {
    if (member.key == "consumer") {
      consumers = &member.value;
    } else {
      good = reader.error(member.place,
                          fmt::format("unknown key {}; the file holds [[consumer]] only", quoted(member.key)));
    }
  }
  if (!consumers) return reader.error(whole, "nobody is in it; write [[consumer]]");
  return read_tables(reader, *consumers, "consumer", {"name"}, section, {}, &ConsumerConfig::place, to) && good;
}

std::string key_hash_text(std::string_view key) {
  std::string text(kHashKind);
  for (const std::uint8_t byte : Verified::hash(key)) text += fmt::format("{:02x}", byte);
  return text;
}

std::string wrong_with_consumer(const Value& consumer) {
  constexpr std::string_view kFront = "?: error: ";  // what messages without a place begin with
  Diagnostics diagnostics;
  diagnostics.add_file("?", {});
  Reader reader(diagnostics);
  ConsumerConfig read;
  if (key_consumer_section().read(reader, consumer, read)) return {};
  std::string all;
  std::string rendered = diagnostics.render_errors();
  for (std::string_view rest = rendered; rest.starts_with(kFront);) {
    rest.remove_prefix(kFront.size());
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    all.append(all.empty() ? "" : "; ").append(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return all;
}

bool check_names(Reader& reader, const std::vector<ConsumerConfig>& consumers) {
  std::map<std::string_view, const ConsumerConfig*> known;
  bool good = true;
  for (const ConsumerConfig& consumer : consumers) {
    const auto [first, is_new] = known.emplace(consumer.name, &consumer);
    if (is_new) continue;
    good = reader.error(consumer.place, fmt::format("consumer {} is already defined at {}", quoted(consumer.name),
                                                    reader.diagnostics().describe(first->second->place)));
  }
  return good;
}

}  // namespace tandem::gateway
