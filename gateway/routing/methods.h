// Methods as bits of a mask: the nine of RFC 9110 and PATCH's RFC 5789 always, others as routes name them at load.
// Owned by the route table; read by all workers.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::routing {

using MethodMask = std::uint64_t;

inline constexpr MethodMask kNoMethod = 0;
inline constexpr MethodMask kAnyMethod = ~MethodMask{0};

class Methods {
 public:
  Methods();

  // The bit of a method, made when it is new; kNoMethod when all 64 are taken. Load time only.
  MethodMask intern(std::string_view name);
  // The bit of a method; kNoMethod for one that no route names.
  MethodMask bit(std::string_view name) const noexcept;
  MethodMask get() const { return 1; }
  MethodMask head() const { return 2; }

  // The value of Allow for a path whose routes name these methods: with HEAD beside GET, and with OPTIONS.
  std::string allow(MethodMask mask) const;
  // "GET,POST", for messages.
  std::string names(MethodMask mask) const;

 private:
  std::vector<std::string> names_;  // the index is the bit
};

}  // namespace tandem::routing
