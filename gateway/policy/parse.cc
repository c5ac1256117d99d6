#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/config/suggest.h"
#include "gateway/policy/lexer.h"
#include "gateway/policy/rule.h"

namespace tandem::policy {
namespace {

const std::vector<std::string> kRoots = {"param", "claim", "header", "consumer", "method",
                                         "ip",    "true",  "false",  "not"};
const std::vector<std::string> kOfConsumer = {"name", "groups", "plan"};

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

}  // namespace

// By recursive descent; every function leaves one node, which is the last, or throws nothing and notes the error.
class Parser {
 public:
  Parser(std::string_view text, std::span<const std::string> params, std::vector<Lexeme> lexemes)
      : params_(params), lexemes_(std::move(lexemes)) {
    rule_.text_ = text;
  }

  std::expected<Rule, RuleError> run() {
    const std::uint32_t whole = any(0);
    if (!error_ && !at(Lexeme::Kind::end)) unexpected_word();
    if (!error_) needs_truth(whole);
    if (error_) return std::unexpected(*std::move(error_));
    if (whole + 1 != rule_.nodes_.size()) rule_.nodes_.push_back(rule_.nodes_[whole]);
    return std::move(rule_);
  }

 private:
  using Kind = Rule::Kind;
  using Node = Rule::Node;

  const Lexeme& here() const { return lexemes_[at_]; }
  bool at(Lexeme::Kind kind) const { return here().kind == kind; }
  bool take(std::string_view what) {
    if (error_ || !here().is(what)) return false;
    ++at_;
    return true;
  }
  const Node& node(std::uint32_t index) const { return rule_.nodes_[index]; }

  std::uint32_t add(Node node) {
    if (rule_.nodes_.size() == kMaxRuleNodes)
      wrong(node.begin, fmt::format("over {} parts are too many", kMaxRuleNodes));
    rule_.nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(rule_.nodes_.size() - 1);
  }
  std::uint32_t wrong(std::size_t offset, std::string text) {
    if (!error_) error_ = RuleError{offset, std::move(text)};
    return 0;
  }
  void expect(std::string_view what) {
    if (error_ || take(what)) return;
    wrong(here().begin, at(Lexeme::Kind::end) ? fmt::format("the rule ends where `{}` is missing", what)
                                              : fmt::format("`{}` is missing before this", what));
  }
  void unexpected_word() {
    const bool negated = here().is("not") && lexemes_[at_ + 1].is("in");
    if (negated) return void(wrong(here().begin, "write `not (… in …)`"));
    if (here().is("==") || here().is("!=") || here().is("in")) {
      return void(wrong(here().begin, "one comparison at a time: join two of them by `and`"));
    }
    wrong(here().begin, "`and`, `or` or the end should stand here");
  }

  std::uint32_t any(std::size_t depth) { return joined(depth, "or", Kind::any); }

  std::uint32_t joined(std::size_t depth, std::string_view word, Kind kind) {
    if (depth > kMaxRuleDepth) return wrong(here().begin, fmt::format("over {} levels are too deep", kMaxRuleDepth));
    const auto part = [&] { return kind == Kind::any ? joined(depth, "and", Kind::all) : one(depth); };
    const std::uint32_t first = part();
    if (error_ || !here().is(word)) return first;
    Node made{.kind = kind, .begin = node(first).begin, .children = {first}};
    while (take(word)) made.children.push_back(part());
    if (error_) return 0;
    for (const std::uint32_t child : made.children) needs_truth(child);
    made.end = node(made.children.back()).end;
    return add(std::move(made));
  }

  std::uint32_t one(std::size_t depth) {
    if (depth > kMaxRuleDepth) return wrong(here().begin, fmt::format("over {} levels are too deep", kMaxRuleDepth));
    const std::size_t begin = here().begin;
    if (!take("not")) return comparison(depth);
    const std::uint32_t child = one(depth + 1);
    if (error_) return 0;
    needs_truth(child);
    return add({.kind = Kind::negation, .begin = begin, .end = node(child).end, .children = {child}});
  }

  std::uint32_t comparison(std::size_t depth) {
    const std::uint32_t left = operand(depth);
    if (error_) return 0;
    Kind kind = Kind::member;
    const std::size_t place = here().begin;
    if (take("==")) {
      kind = Kind::equal;
    } else if (take("!=")) {
      kind = Kind::unequal;
    } else if (!take("in")) {
      return left;
    }
    const std::uint32_t right = operand(depth);
    if (error_) return 0;
    kind == Kind::member ? check_member(left, right) : check_equal(place, left, right);
    return add({.kind = kind, .begin = node(left).begin, .end = node(right).end, .children = {left, right}});
  }

  std::uint32_t operand(std::size_t depth) {
    const Lexeme& first = here();
    Node made{.begin = first.begin, .end = first.end, .text = first.text};
    if (take("(")) {
      const std::uint32_t inner = any(depth + 1);
      if (!error_) needs_truth(inner);
      expect(")");
      return inner;
    }
    if (first.is("[")) return list();
    if (at(Lexeme::Kind::text) || at(Lexeme::Kind::number)) return constant();
    if (!at(Lexeme::Kind::word)) {
      return wrong(first.begin, at(Lexeme::Kind::end) ? "the rule ends where something is missing"
                                                      : fmt::format("`{}` means nothing here", first.text));
    }
    ++at_;
    if (first.text == "true" || first.text == "false") {
      made.kind = Kind::boolean;
      made.truth = first.text == "true";
      return add(std::move(made));
    }
    if (first.text == "method" || first.text == "ip") {
      made.kind = first.text == "ip" ? Kind::ip : Kind::method;
      return add(std::move(made));
    }
    return reference(first, std::move(made));
  }

  std::uint32_t constant() {
    const Lexeme& word = here();
    ++at_;
    Node made{.kind = Kind::text, .begin = word.begin, .end = word.end, .text = word.text};
    if (word.kind == Lexeme::Kind::number) {
      made.kind = Kind::number;
      if (std::ranges::count(word.text, '.') > 1 || word.text.ends_with('.')) {
        return wrong(word.begin, fmt::format("{} is no number", word.text));
      }
    } else {
      made.prefix = IpPrefix::parse(word.text);
    }
    return add(std::move(made));
  }

  std::uint32_t list() {
    Node made{.kind = Kind::list, .begin = here().begin};
    take("[");
    while (!error_ && !here().is("]")) {
      if (at(Lexeme::Kind::text) || at(Lexeme::Kind::number)) {
        made.children.push_back(constant());
      } else {
        return wrong(here().begin, "a list holds texts and numbers");
      }
      if (!take(",")) break;
    }
    made.end = here().end;
    expect("]");
    if (!error_ && made.children.empty()) return wrong(made.begin, "the list is empty: nothing is in it");
    return error_ ? 0 : add(std::move(made));
  }

  // .NAME or ["NAME"]; the error is at what stands instead.
  std::string name_of_part(const Lexeme& of) {
    if (take("[")) {
      if (!at(Lexeme::Kind::text)) return wrong(here().begin, "a name in quotes should stand here"), std::string();
      std::string name = lexemes_[at_++].text;
      expect("]");
      return name;
    }
    if (!take(".")) return wrong(of.end, fmt::format("`{}` alone is nothing; write {}.NAME", of.text, of.text)), "";
    if (!at(Lexeme::Kind::word)) return wrong(here().begin, "a name should stand behind the dot"), std::string();
    return lexemes_[at_++].text;
  }

  std::uint32_t reference(const Lexeme& root, Node made) {
    if (std::ranges::find(kRoots, root.text) == kRoots.end() || root.text == "not") {
      return wrong(root.begin, fmt::format("{} is not known here{}; texts stand in double quotes", quoted(root.text),
                                           config::did_you_mean(root.text, kRoots)));
    }
    const std::size_t place = here().begin;
    std::string name = name_of_part(root);
    if (error_) return 0;
    const std::size_t name_at = lexemes_[at_ - 1].is("]") ? lexemes_[at_ - 2].begin : lexemes_[at_ - 1].begin;
    if (root.text == "claim") {
      made.kind = Kind::claim;
      made.path.push_back(std::move(name));
      while (!error_ && (here().is(".") || here().is("["))) made.path.push_back(name_of_part(root));
    } else if (root.text == "param") {
      made.kind = Kind::param;
      const auto found = std::ranges::find(params_, name);
      if (found == params_.end()) {
        return wrong(name_at,
                     fmt::format("`match` has no parameter {}{}", quoted(name), config::did_you_mean(name, params_)));
      }
      made.index = static_cast<std::size_t>(found - params_.begin());
    } else if (root.text == "header") {
      made.kind = Kind::header;
      made.text = std::move(name);
      if (made.text.empty()) return wrong(place, "the name is empty");
    } else {
      const std::array kinds = {Kind::consumer, Kind::groups, Kind::plan};
      const auto found = std::ranges::find(kOfConsumer, name);
      if (found == kOfConsumer.end()) {
        return wrong(name_at, fmt::format("a consumer has name, groups and plan, not {}{}", quoted(name),
                                          config::did_you_mean(name, kOfConsumer)));
      }
      made.kind = kinds[static_cast<std::size_t>(found - kOfConsumer.begin())];
    }
    made.end = lexemes_[at_ - 1].end;
    return add(std::move(made));
  }

  // ---- what makes sense

  static bool is_condition(Kind kind) { return kind <= Kind::member; }
  static bool is_array(Kind kind) { return kind == Kind::list || kind == Kind::groups; }
  static bool is_text(Kind kind) {
    return kind == Kind::text || kind == Kind::number || kind == Kind::param || kind == Kind::header ||
           kind == Kind::consumer || kind == Kind::plan || kind == Kind::method;
  }

  void needs_truth(std::uint32_t index) {
    const Node& n = node(index);
    if (is_condition(n.kind) || n.kind == Kind::boolean || n.kind == Kind::claim) return;
    wrong(n.begin, "this is neither true nor false: compare it with something");
  }

  void needs_value(const Node& n) {
    if (is_condition(n.kind))
      wrong(n.begin, "what is true or false is compared with nothing; leave the comparison out");
  }

  void check_equal(std::size_t place, std::uint32_t left_index, std::uint32_t right_index) {
    const Node &left = node(left_index), &right = node(right_index);
    for (const auto& [one, other] : {std::pair(&left, &right), std::pair(&right, &left)}) {
      needs_value(*one);
      if (is_array(one->kind)) wrong(place, "what is a list is asked with `in`");
      if (one->kind == Kind::ip && other->kind == Kind::text && !IpAddress::parse(other->text)) {
        wrong(other->begin,
              fmt::format("{} is no address{}", quoted(other->text), other->prefix ? "; ask with `in`" : ""));
      }
      const bool never = (one->kind == Kind::boolean && (is_text(other->kind) || other->kind == Kind::ip)) ||
                         (one->kind == Kind::ip && other->kind == Kind::number);
      if (never) wrong(place, "these two are never equal: they are of different kinds");
    }
  }

  void check_member(std::uint32_t left_index, std::uint32_t right_index) {
    const Node &left = node(left_index), &right = node(right_index);
    needs_value(left);
    needs_value(right);
    if (is_array(left.kind)) wrong(left.begin, "a list is in nothing");
    if (right.kind == Kind::text && !right.prefix) {
      wrong(right.begin,
            fmt::format("{} is no range of addresses, and `in` does not look for a part of a text; write a list",
                        quoted(right.text)));
    }
    const bool holds = is_array(right.kind) || right.kind == Kind::claim || right.kind == Kind::text;
    if (!holds) wrong(right.begin, "nothing can be in this: it is no list");
    if (left.kind != Kind::ip || right.kind != Kind::list) return;
    for (const std::uint32_t item : right.children) {
      if (!node(item).prefix) wrong(node(item).begin, "this is no address and no range of them");
    }
  }

  const std::span<const std::string> params_;
  const std::vector<Lexeme> lexemes_;
  std::size_t at_ = 0;
  Rule rule_;
  std::optional<RuleError> error_;
};

bool Rule::asks_who_calls() const {
  return std::ranges::any_of(nodes_, [](const Node& node) {
    return node.kind == Kind::claim || node.kind == Kind::consumer || node.kind == Kind::groups ||
           node.kind == Kind::plan;
  });
}

std::expected<Rule, RuleError> Rule::parse(std::string_view text, std::span<const std::string> params) {
  if (text.size() > kMaxRuleBytes) {
    return std::unexpected(RuleError{kMaxRuleBytes, fmt::format("it is over {} bytes", kMaxRuleBytes)});
  }
  auto lexemes = split(text);
  if (!lexemes) return std::unexpected(std::move(lexemes.error()));
  return Parser(text, params, *std::move(lexemes)).run();
}

}  // namespace tandem::policy
