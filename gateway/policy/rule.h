// The `allow` of a route: a small language that says who may, by what is known of the request and its caller.
//
//   rule       = all { "or" all }            all = one { "and" one }         one = "not" one | comparison
//   comparison = operand [ ( "==" | "!=" | "in" ) operand ]
//   operand    = "(" rule ")" | "text" | 12.5 | true | false | "[" constants "]" | method | ip | param.NAME
//              | header.NAME | claim.NAME | consumer.name | consumer.groups | consumer.plan
//
// `x["…"]` is x.NAME for names that are no words, and names of a claim go on into objects. Truth is three-valued
// (Kleene's): what is missing, or of a kind that the question makes no sense for, is unknown, and only what is true
// allows. No loops and no recursion beyond a bounded depth, so every rule ends, in time linear in the rule and the
// caller's claims. Compiled at load, immutable, shared by all workers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/address.h"
#include "common/json/value.h"

namespace tandem::policy {

inline constexpr std::size_t kMaxRuleBytes = 4096;
inline constexpr std::size_t kMaxRuleDepth = 32;   // of brackets and `not` within one another
inline constexpr std::size_t kMaxRuleNodes = 512;  // constants of lists included

// What a rule may ask for. Views live as long as the object.
class Facts {
 public:
  virtual ~Facts() = default;
  virtual std::optional<std::string_view> param(std::size_t index) const = 0;  // in the order of the route's names
  // Nothing for a field that stands there more than once: which one counts is anybody's guess.
  virtual std::optional<std::string_view> header(std::string_view name) const = 0;
  virtual const json::Value* claims() const = 0;  // an object; null: nobody has said who calls
  virtual std::optional<std::string_view> consumer() const = 0;
  virtual std::optional<std::string_view> plan() const = 0;
  virtual const std::vector<std::string>* groups() const = 0;  // null: as claims()
  virtual std::string_view method() const = 0;
  virtual std::optional<IpAddress> ip() const = 0;
};

enum class Truth : std::uint8_t { no, unknown, yes };
std::string_view name_of(Truth truth);  // "false", "unknown", "true"

// A part of a rule that kept it from being true.
struct Reason {
  std::string text;  // of the rule, as it was written
  Truth truth = Truth::no;
  std::string missing;  // what made it unknown; empty where nothing did
};

struct RuleError {
  std::size_t offset = 0;  // in the rule's text
  std::string text;
};

class Rule {
 public:
  // `params`: the names that the route's match has.
  static std::expected<Rule, RuleError> parse(std::string_view text, std::span<const std::string> params);

  Truth evaluate(const Facts& facts) const;
  // The comparisons that decided, in their order; empty when it is true.
  std::vector<Reason> reasons(const Facts& facts) const;

  bool asks_who_calls() const;  // something of the caller beside the address
  const std::string& text() const { return text_; }

 private:
  friend class Parser;
  friend class Evaluation;
  enum class Kind : std::uint8_t {
    any,  // of its children one
    all,
    negation,
    equal,
    unequal,
    member,
    text,  // constants
    number,
    boolean,
    list,
    param,
    header,
    claim,
    consumer,
    groups,
    plan,
    method,
    ip
  };
  struct Node {
    Kind kind = Kind::boolean;
    std::size_t begin = 0, end = 0;            // in the text
    std::vector<std::uint32_t> children = {};  // before the node itself in nodes_
    std::string text = {};                     // of a constant, or a name
    std::vector<std::string> path = {};        // of a claim
    std::size_t index = 0;                     // of a parameter
    bool truth = false;
    std::optional<IpPrefix> prefix = {};  // of a text that is one
  };

  std::string text_;
  std::vector<Node> nodes_;  // the last one is the whole
};

}  // namespace tandem::policy
