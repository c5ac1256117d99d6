// What `lb top` and `gateway top` show, as lines of text: made from what the running program says of itself (/status).
// Pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/value.h"

namespace tandem::process::top {

enum class Style : std::uint8_t { plain, bold, dim, good, warning, bad };

struct Piece {
  std::string text;  // printable, without a newline
  Style style = Style::plain;
};
using Line = std::vector<Piece>;

struct View {
  std::vector<Line> head;  // stays at the top
  std::vector<Line> body;  // may be longer than the window
};

// Every member may be missing: what is not said is shown as "-".
View view_of(const json::Value& status);

// What fits into `rows` lines of `columns` characters: the head, and of the body what begins at `scroll`, which is
// brought into its bounds. A line that is too long ends with "…".
std::vector<Line> fit(const View& view, std::size_t rows, std::size_t columns, std::size_t& scroll);

// A line as text; with colours as a terminal understands them (ECMA-48), or without.
std::string to_text(const Line& line, bool colours);

}  // namespace tandem::process::top
