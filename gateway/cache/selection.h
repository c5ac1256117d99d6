// Vary (RFC 9110 §12.5.5, RFC 9111 §4.1): which request fields an answer was chosen by, and whether another request
// would have got the same one. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/http/message.h"

namespace tandem::cache {

inline constexpr std::size_t kMostVaryNames = 8;

// Request fields with their values as they were, in the order in which Vary names them.
struct Selection {
  struct Part {
    std::string name;   // lower case
    std::string value;  // as selected_value() gives it
    bool operator==(const Part&) const = default;
  };
  std::vector<Part> parts;

  bool operator==(const Selection&) const = default;
};

// By what `answer` to `request` was chosen. Nothing where it fits no other request: "*" stands there, something that is
// no field name, or more than kMostVaryNames names.
std::optional<Selection> selection_of(const http::Fields& answer, const http::Fields& request);

// Whether `request` has the same values.
bool selects(const Selection& selection, const http::Fields& request);

// What stands for the value of all fields of that name in comparisons. Blanks around the commas of Accept and its kin
// make no difference, nor does the case of Accept-Encoding.
std::string selected_value(const http::Fields& request, std::string_view name);

}  // namespace tandem::cache
