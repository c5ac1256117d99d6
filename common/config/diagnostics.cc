#include "common/config/diagnostics.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace tandem::config {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Does this line give a value to something that is named like a secret? Even a line that does not parse must not be
// shown then.
bool may_hold_secret(std::string_view line) {
  for (const std::string_view word : {"token", "secret", "password"}) {
    for (std::size_t at = line.find(word); at != line.npos; at = line.find(word, at + 1)) {
      const std::size_t next = line.find_first_not_of(" \t\"'", at + word.size());
      if (next != line.npos && line[next] == '=') return true;
    }
  }
  return false;
}

// The line as a terminal may show it and, below it, the caret: a window around the column, one cell a character.
std::string excerpt(std::string_view line, std::uint32_t column) {
  constexpr std::size_t kBefore = 100;
  constexpr std::size_t kAfter = 60;
  std::size_t caret = 0;  // byte offset of the column, which counts characters
  for (std::uint32_t at = 1; caret < line.size(); ++caret) {
    if (!continues_character(line[caret]) && at++ == column) break;
  }
  std::size_t from = caret > kBefore ? caret - kBefore : 0;
  while (from > 0 && from < line.size() && continues_character(line[from])) --from;
  std::size_t to = std::min(line.size(), caret + kAfter);
  while (to < line.size() && continues_character(line[to])) ++to;
  std::string shown, below;
  for (std::size_t i = from; i < to; ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    shown += c == '\t' ? '\t' : c < 0x20 || c == 0x7f ? '?' : line[i];
    if (i < caret && !continues_character(line[i])) below += c == '\t' ? '\t' : ' ';
  }
  return fmt::format("  {}\n  {}^\n", shown, below);
}

}  // namespace

std::uint32_t Diagnostics::add_file(std::string name, std::string text) {
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  std::vector<std::size_t> starts = {0};
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', end + 1)) starts.push_back(end + 1);
  files_.push_back({std::move(name), std::move(text), std::move(starts), {}});
  return static_cast<std::uint32_t>(files_.size() - 1);
}

void Diagnostics::hide_line(Place place) {
  if (place.known() && place.file < files_.size()) files_[place.file].hidden.push_back(place.line);
}

Place Diagnostics::within(Place place, std::string_view text, std::size_t offset) const {
  std::string_view line = line_text(place);
  std::uint32_t column = 1;
  while (!line.empty() && (column < place.column || continues_character(line[0]))) {
    line.remove_prefix(1);
    if (!line.empty() && !continues_character(line[0])) ++column;
  }
  const bool spelled = line.size() > text.size() + 1 && (line[0] == '"' || line[0] == '\'') &&
                       line.substr(1).starts_with(text) && line[text.size() + 1] == line[0];
  if (!spelled) return place;
  const auto before = std::ranges::count_if(text.substr(0, offset), [](char c) { return !continues_character(c); });
  place.column += 1 + static_cast<std::uint32_t>(before);
  return place;
}

bool Diagnostics::hides(Place place) const {
  if (!place.known() || place.file >= files_.size()) return false;
  const auto& hidden = files_[place.file].hidden;
  return std::ranges::find(hidden, place.line) != hidden.end() || may_hold_secret(line_text(place));
}

void Diagnostics::add(bool is_error, Place place, std::string text) {
  constexpr std::size_t kMost = 1000;  // a file of garbage must not take all memory
  if (is_error) ++errors_;
  if (messages_.size() >= kMost) {
    ++left_out_;
    return;
  }
  Message message{place, is_error, std::move(text)};
  if (std::ranges::find(messages_, message) != messages_.end()) return;
  messages_.push_back(std::move(message));
}

std::string Diagnostics::describe(Place place) const {
  const std::string name = place.file < files_.size() ? files_[place.file].name : std::string("configuration");
  return place.known() ? fmt::format("{}:{}:{}", name, place.line, place.column) : name;
}

std::string_view Diagnostics::line_text(Place place) const {
  if (!place.known() || place.file >= files_.size()) return {};
  const File& file = files_[place.file];
  if (place.line > file.line_starts.size()) return {};
  std::string_view line = std::string_view(file.text).substr(file.line_starts[place.line - 1]);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string Diagnostics::render(bool errors) const {
  std::vector<const Message*> sorted;
  for (const Message& message : messages_) {
    if (message.is_error == errors) sorted.push_back(&message);
  }
  std::ranges::sort(sorted, {}, [](const Message* m) { return std::tie(m->place, m->text); });
  std::string out;
  for (const Message* message : sorted) {
    out += fmt::format("{}: {}: {}\n", describe(message->place), errors ? "error" : "warning", message->text);
    const std::string_view line = line_text(message->place);
    if (line.empty() || hides(message->place)) continue;
    out += excerpt(line, message->place.column);
  }
  if (left_out_ > 0) out += fmt::format("… and {} more\n", left_out_);
  return out;
}

}  // namespace tandem::config
