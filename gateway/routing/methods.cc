#include "gateway/routing/methods.h"

namespace tandem::routing {

// GET and HEAD first: get() and head() know their bits, and most requests find theirs at once.
Methods::Methods() : names_{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"} {}

MethodMask Methods::intern(std::string_view name) {
  if (const MethodMask known = bit(name)) return known;
  if (names_.size() == 64) return kNoMethod;
  names_.emplace_back(name);
  return MethodMask{1} << (names_.size() - 1);
}

MethodMask Methods::bit(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return MethodMask{1} << i;
  }
  return kNoMethod;
}

std::string Methods::allow(MethodMask mask) const {
  if (mask & get()) mask |= head();
  mask |= bit("OPTIONS");
  std::string text;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!(mask >> i & 1)) continue;
    if (!text.empty()) text += ", ";
    text += names_[i];
  }
  return text;
}

std::string Methods::names(MethodMask mask) const {
  std::string text;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!(mask >> i & 1)) continue;
    if (!text.empty()) text += ",";
    text += names_[i];
  }
  return text;
}

}  // namespace tandem::routing
