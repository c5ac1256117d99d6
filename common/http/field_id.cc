#include "common/http/field_id.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace tandem::http {
namespace {

constexpr std::array kNames = {std::string_view(),
#define X(name, text) std::string_view(text),
                               TANDEM_HTTP_FIELDS(X)
#undef X
};
static_assert(kNames.size() <= 64, "a FieldSet is one word");

constexpr std::size_t kLongest = [] {
  std::size_t longest = 0;
  for (const auto name : kNames) longest = name.size() > longest ? name.size() : longest;
  return longest;
}();

// A perfect hash over length, first, last and one character before it, found by the compiler.
constexpr unsigned kSlotBits = 9;
constexpr unsigned slot_of(std::string_view name, std::uint32_t seed) {
  const auto at = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(name[i])} | 0x20U; };
  const std::uint32_t key = (static_cast<std::uint32_t>(name.size()) << 24) | (at(0) << 16) |
                            (at(name.size() - 1 - name.size() / 5) << 8) | at(name.size() - 1);
  return (key * seed) >> (32 - kSlotBits);
}

struct Table {
  std::uint32_t seed = 0;
  std::array<std::uint8_t, 1U << kSlotBits> ids{};
};

constexpr Table make_table() {
  for (std::uint32_t seed = 0x9e3779b1U;; seed += 0x6a2b4d3eU) {
    Table table;
    table.seed = seed;
    bool perfect = true;
    for (std::size_t id = 1; id < kNames.size() && perfect; ++id) {
      std::uint8_t& slot = table.ids[slot_of(kNames[id], seed)];
      perfect = slot == 0;
      slot = static_cast<std::uint8_t>(id);
    }
    if (perfect) return table;
  }
}
constexpr Table kTable = make_table();

template <class Word>
Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// `known` is in lower case and made of letters, digits and '-', of which only letters have the bit 0x40: so 0x20 may
// differ in letters and nothing else may.
template <class Word>
bool same_word(const char* known_at, const char* other_at) {
  const Word known = load<Word>(known_at);
  const auto case_bits = static_cast<Word>((known & static_cast<Word>(0x4040404040404040U)) >> 1);
  return static_cast<Word>((known ^ load<Word>(other_at)) & static_cast<Word>(~case_bits)) == 0;
}

// Both of `size` bytes, at least one Word: word by word, the last one overlapping what was compared already.
template <class Word>
bool same_text(const char* known, const char* other, std::size_t size) {
  for (std::size_t i = 0; i + sizeof(Word) < size; i += sizeof(Word)) {
    if (!same_word<Word>(known + i, other + i)) return false;
  }
  return same_word<Word>(known + size - sizeof(Word), other + size - sizeof(Word));
}

bool same_name(std::string_view known, std::string_view other) {
  if (known.size() >= 8) return same_text<std::uint64_t>(known.data(), other.data(), known.size());
  if (known.size() >= 4) return same_text<std::uint32_t>(known.data(), other.data(), known.size());
  return same_text<std::uint8_t>(known.data(), other.data(), known.size());
}

}  // namespace

FieldId field_id(std::string_view name) noexcept {
  if (name.empty() || name.size() > kLongest) return FieldId::other;
  const std::uint8_t id = kTable.ids[slot_of(name, kTable.seed)];
  const std::string_view known = kNames[id];
  return known.size() == name.size() && same_name(known, name) ? static_cast<FieldId>(id) : FieldId::other;
}

std::string_view field_name(FieldId id) noexcept { return kNames[static_cast<std::size_t>(id)]; }

}  // namespace tandem::http
