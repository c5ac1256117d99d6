// What is wrong with a piece of configuration text that routing reads (`match`, `to`, `redirect`), and where in it, so
// that the file's reader can put a caret there. Load time only.
#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <utility>

namespace tandem::routing {

struct [[nodiscard]] SpecError {
  std::size_t offset = 0;  // in bytes, from the beginning of the text given
  std::string text;        // a phrase for a person, without the place
};

template <class T = void>
using Parsed = std::expected<T, SpecError>;

inline std::unexpected<SpecError> wrong(std::size_t offset, std::string text) {
  return std::unexpected(SpecError{offset, std::move(text)});
}

}  // namespace tandem::routing
