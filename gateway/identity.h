// Who calls, as a filter that authenticates has found out: what those behind it may ask for. Immutable; shared by the
// exchanges of one caller where a verified credential is remembered.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json/value.h"

namespace tandem::gateway {

struct Identity {
  std::string provider;  // whose word it is: consumers of two providers are never the same one
  std::string consumer;  // the caller's name in logs and limits; empty: the credential names none
  std::vector<std::string> scopes;
  std::vector<std::string> groups;
  std::string plan;                                       // empty: none
  json::Value claims;                                     // an object
  std::vector<std::pair<std::string, std::string>> told;  // fields that services are told by the provider's own word
  bool assumed = false;  // nobody has vouched for the caller: who should was unavailable, and the file lets through

  // A claim as text, by its name; nothing where there is none, or where it is no scalar.
  std::optional<std::string> claim(std::string_view name) const;
  // All groups, separated by commas.
  std::string groups_text() const;
  // What tells the caller apart from all others; empty when the credential names nobody.
  std::string key() const { return consumer.empty() ? std::string() : provider + '\n' + consumer; }
};

}  // namespace tandem::gateway
