#include "gateway/policy/lexer.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace tandem::policy {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// What other languages write, and what is written here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kForeign = {
    {{"&&", "write `and`"},
     {"||", "write `or`"},
     {"!", "write `not`"},
     {"'", "texts stand in double quotes"},
     {"=~", "there are no patterns; compare with `==` or `in`"},
     {"<", "there is no order; compare with `==`, `!=` or `in`"},
     {">", "there is no order; compare with `==`, `!=` or `in`"},
     {"=", "write `==`"},
     {"{", "there is no such bracket"}}};

class Splitter {
 public:
  explicit Splitter(std::string_view rule) : rule_(rule) {}

  std::expected<std::vector<Lexeme>, RuleError> run() {
    while (true) {
      while (at_ < rule_.size() && is_blank(rule_[at_])) ++at_;
      if (at_ == rule_.size()) break;
      if (auto wrong = next()) return std::unexpected(*std::move(wrong));
    }
    add(Lexeme::Kind::end, {}, at_);
    return std::move(out_);
  }

 private:
  void add(Lexeme::Kind kind, std::string text, std::size_t end) {
    out_.push_back({kind, std::move(text), at_, end});
    at_ = end;
  }

  std::optional<RuleError> next() {
    const char c = rule_[at_];
    if (c == '"') return text();
    if (is_letter(c)) {
      std::size_t end = at_;
      while (end < rule_.size() && (is_letter(rule_[end]) || is_digit(rule_[end]) || rule_[end] == '-')) ++end;
      add(Lexeme::Kind::word, std::string(rule_.substr(at_, end - at_)), end);
      return std::nullopt;
    }
    if (is_digit(c) || (c == '-' && at_ + 1 < rule_.size() && is_digit(rule_[at_ + 1]))) {
      std::size_t end = at_ + 1;
      while (end < rule_.size() && (is_digit(rule_[end]) || rule_[end] == '.')) ++end;
      add(Lexeme::Kind::number, std::string(rule_.substr(at_, end - at_)), end);
      return std::nullopt;
    }
    return symbol();
  }

  std::optional<RuleError> symbol() {
    for (const std::string_view known : {"==", "!=", "(", ")", "[", "]", ".", ","}) {
      if (!rule_.substr(at_).starts_with(known)) continue;
      add(Lexeme::Kind::symbol, std::string(known), at_ + known.size());
      return std::nullopt;
    }
    for (const auto& [foreign, instead] : kForeign) {
      if (rule_.substr(at_).starts_with(foreign)) {
        return RuleError{at_, fmt::format("`{}` is not known here: {}", foreign, instead)};
      }
    }
    return RuleError{at_, "a character that means nothing here"};
  }

  std::optional<RuleError> text() {
    std::string content;
    for (std::size_t i = at_ + 1; i < rule_.size(); ++i) {
      if (rule_[i] == '"') {
        add(Lexeme::Kind::text, std::move(content), i + 1);
        return std::nullopt;
      }
      if (rule_[i] == '\\') {
        if (++i == rule_.size() || (rule_[i] != '"' && rule_[i] != '\\')) {
          return RuleError{i - 1, "behind a backslash stands a quote or another backslash"};
        }
      }
      content += rule_[i];
    }
    return RuleError{at_, "the text has no closing quote"};
  }

  const std::string_view rule_;
  std::size_t at_ = 0;
  std::vector<Lexeme> out_;
};

}  // namespace

std::expected<std::vector<Lexeme>, RuleError> split(std::string_view rule) { return Splitter(rule).run(); }

}  // namespace tandem::policy
