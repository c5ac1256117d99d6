// Which values never get into a log: those of fields and query parameters that by their names are secrets. Names are
// compared without case and, in queries, decoded, so that spelling one otherwise hides nothing. Immutable; any thread.
#pragma once
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace tandem::gateway {

class Redaction {
 public:
  // `more`: names beside those that are always masked.
  explicit Redaction(std::span<const std::string> more = {});

  static constexpr std::string_view kMask = "***";

  bool hides_field(std::string_view name) const { return hides(name); }

  // Appends `query` with the values of secret parameters replaced by kMask. Everything else stays as it was written.
  void append_query(std::string& out, std::string_view query) const;

 private:
  bool hides(std::string_view name) const;
  std::set<std::string, std::less<>> names_;  // in lower case
};

}  // namespace tandem::gateway
