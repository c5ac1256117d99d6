// Writes a tree of values as TOML (dump) and as JSON (schema).
#include <algorithm>

#include <fmt/format.h>

#include "common/config/value.h"

namespace tandem::config {
namespace {

// A string literal valid in both languages: the escapes they share.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string scalar(const Value& value) {
  if (value.text()) return literal(*value.text());
  if (value.integer()) return fmt::format("{}", *value.integer());
  if (value.real()) return fmt::format("{}", *value.real());
  if (value.boolean()) return *value.boolean() ? "true" : "false";
  return "\"\"";
}

std::string bare_or_quoted(std::string_view key) {
  const bool bare = !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? std::string(key) : literal(key);
}

std::string inline_toml(const Value& value) {
  std::string out;
  if (const auto* items = value.array()) {
    for (const Value& item : *items) out += (out.empty() ? "" : ", ") + inline_toml(item);
    return "[" + out + "]";
  }
  if (const auto* members = value.table()) {
    for (const Member& m : *members) {
      out += (out.empty() ? " " : ", ") + bare_or_quoted(m.key) + " = " + inline_toml(m.value);
    }
    return out.empty() ? "{}" : "{" + out + " }";
  }
  return scalar(value);
}

void section(std::string& out, std::string_view header, const Value& table) {
  out += fmt::format("{}{}\n", out.empty() ? "" : "\n", header);
  for (const Member& m : *table.table()) out += bare_or_quoted(m.key) + " = " + inline_toml(m.value) + "\n";
}

bool all_tables(const Value& value) {
  const auto is_table = [](const Value& item) { return item.table() != nullptr; };
  if (const auto* items = value.array()) return !items->empty() && std::ranges::all_of(*items, is_table);
  const auto* members = value.table();
  return members && !members->empty() && std::ranges::all_of(*members, is_table, &Member::value);
}

void json(std::string& out, const Value& value, int depth) {
  const std::string indent(static_cast<std::size_t>(depth) * 2 + 2, ' ');
  const std::string outdent(static_cast<std::size_t>(depth) * 2, ' ');
  const char* separator = "\n";
  if (const auto* items = value.array()) {
    if (items->empty()) {
      out += "[]";
      return;
    }
    out += '[';
    for (const Value& item : *items) {
      out += separator + indent;
      json(out, item, depth + 1);
      separator = ",\n";
    }
    out += "\n" + outdent + "]";
  } else if (const auto* members = value.table()) {
    if (members->empty()) {
      out += "{}";
      return;
    }
    out += '{';
    for (const Member& m : *members) {
      out += separator + indent + literal(m.key) + ": ";
      json(out, m.value, depth + 1);
      separator = ",\n";
    }
    out += "\n" + outdent + "}";
  } else {
    out += scalar(value);
  }
}

}  // namespace

std::string to_toml(const Value& root) {
  std::string out;
  for (const Member& m : *root.table()) {
    if (m.value.array() && all_tables(m.value)) {
      for (const Value& item : *m.value.array()) section(out, fmt::format("[[{}]]", m.key), item);
    } else if (m.value.table() && all_tables(m.value)) {
      for (const Member& named : *m.value.table()) {
        section(out, fmt::format("[{}.{}]", m.key, bare_or_quoted(named.key)), named.value);
      }
    } else if (m.value.table()) {
      section(out, fmt::format("[{}]", m.key), m.value);
    } else {
      out += bare_or_quoted(m.key) + " = " + inline_toml(m.value) + "\n";
    }
  }
  return out;
}

std::string to_json(const Value& root) {
  std::string out;
  json(out, root, 0);
  return out + "\n";
}

}  // namespace tandem::config
