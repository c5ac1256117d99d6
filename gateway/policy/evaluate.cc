#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/policy/rule.h"

namespace tandem::policy {
namespace {

Truth truth_of(bool holds) { return holds ? Truth::yes : Truth::no; }

Truth opposite(Truth truth) {
  if (truth == Truth::unknown) return truth;
  return truth_of(truth == Truth::no);
}

// IPv4 is a family of its own: ::/0 does not hold it.
bool holds(const IpPrefix& prefix, const IpAddress& address) {
  const bool v4 = prefix.ip.is_v4() && prefix.bits >= 96;
  return v4 == address.is_v4() && prefix.contains(address);
}

// What an operand stands for, as far as it can be compared.
struct Operand {
  enum class Kind : std::uint8_t { none, text, truth, address };
  Kind kind = Kind::none;
  std::string_view text = {};
  bool truth = false;
  IpAddress address = {};

  static Operand of(std::optional<std::string_view> text) {
    return text ? Operand{.kind = Kind::text, .text = *text} : Operand{};
  }
  static Operand of(const json::Value* value) {
    if (!value) return {};
    if (value->text()) return {.kind = Kind::text, .text = *value->text()};
    if (const auto truth = value->truth()) return {.kind = Kind::truth, .truth = *truth};
    return {};
  }
  std::optional<IpAddress> as_address() const {
    if (kind == Kind::address) return address;
    return kind == Kind::text ? IpAddress::parse(text) : std::nullopt;
  }
};

Truth equal(const Operand& left, const Operand& right) {
  using Kind = Operand::Kind;
  if (left.kind == Kind::address || right.kind == Kind::address) {
    const auto one = left.as_address(), other = right.as_address();
    return one && other ? truth_of(*one == *other) : Truth::unknown;
  }
  if (left.kind == Kind::none || left.kind != right.kind) return Truth::unknown;
  return truth_of(left.kind == Kind::text ? left.text == right.text : left.truth == right.truth);
}

Truth within(const Operand& address, std::string_view range) {
  const auto one = address.as_address();
  const auto prefix = IpPrefix::parse(range);
  return one && prefix ? truth_of(holds(*prefix, *one)) : Truth::unknown;
}

}  // namespace

std::string_view name_of(Truth truth) {
  switch (truth) {
    case Truth::no: return "false";
    case Truth::unknown: return "unknown";
    case Truth::yes: break;
  }
  return "true";
}

class Evaluation {
 public:
  Evaluation(const Rule& rule, const Facts& facts) : rule_(rule), facts_(facts) {}

  Truth whole() const { return truth(rule_.nodes_.size() - 1); }
  void explain(std::vector<Reason>& reasons) const {
    if (whole() != Truth::yes) explain(rule_.nodes_.size() - 1, Truth::yes, reasons);
  }

 private:
  using Kind = Rule::Kind;
  using Node = Rule::Node;

  Truth truth(std::size_t index) const {
    const Node& node = rule_.nodes_[index];
    switch (node.kind) {
      case Kind::any: return joined(node, Truth::yes);
      case Kind::all: return joined(node, Truth::no);
      case Kind::negation: return opposite(truth(node.children[0]));
      case Kind::equal: return equal(operand(node.children[0]), operand(node.children[1]));
      case Kind::unequal: return opposite(equal(operand(node.children[0]), operand(node.children[1])));
      case Kind::member: return member(operand(node.children[0]), rule_.nodes_[node.children[1]]);
      default: break;
    }
    const Operand value = operand(index);
    return value.kind == Operand::Kind::truth ? truth_of(value.truth) : Truth::unknown;
  }

  // What `decides` ends it; else one that is unknown makes it so.
  Truth joined(const Node& node, Truth decides) const {
    Truth all = opposite(decides);
    for (const std::uint32_t child : node.children) {
      const Truth one = truth(child);
      if (one == decides) return one;
      if (one == Truth::unknown) all = one;
    }
    return all;
  }

  const json::Value* claim(const Node& node) const {
    const json::Value* value = facts_.claims();
    for (const std::string& name : node.path) {
      if (value) value = value->find(name);
    }
    return value;
  }

  Operand operand(std::size_t index) const {
    const Node& node = rule_.nodes_[index];
    switch (node.kind) {
      case Kind::text:
      case Kind::number: return {.kind = Operand::Kind::text, .text = node.text};
      case Kind::boolean: return {.kind = Operand::Kind::truth, .truth = node.truth};
      case Kind::param: return Operand::of(facts_.param(node.index));
      case Kind::header: return Operand::of(facts_.header(node.text));
      case Kind::claim: return Operand::of(claim(node));
      case Kind::consumer: return Operand::of(facts_.consumer());
      case Kind::plan: return Operand::of(facts_.plan());
      case Kind::method: return Operand::of(std::optional(facts_.method()));
      case Kind::ip:
        if (const auto ip = facts_.ip()) return {.kind = Operand::Kind::address, .address = *ip};
        return {};
      default: break;
    }
    return {};
  }

  Truth member(const Operand& value, const Node& of) const {
    if (value.kind == Operand::Kind::none) return Truth::unknown;
    const bool by_range = value.kind == Operand::Kind::address;
    Truth found = Truth::no;
    const auto look_at = [&](const Operand& item) {
      if (found == Truth::yes) return;
      const bool is_range = by_range && item.kind == Operand::Kind::text;
      const Truth one = is_range ? within(value, item.text) : equal(value, item);
      if (one != Truth::no) found = one;
    };
    switch (of.kind) {
      case Kind::text: return within(value, of.text);
      case Kind::list:
        for (const std::uint32_t item : of.children) look_at(operand(item));
        return found;
      case Kind::groups:
        if (!facts_.groups()) return Truth::unknown;
        for (const std::string& group : *facts_.groups()) look_at(Operand::of(std::optional<std::string_view>(group)));
        return found;
      default: break;
    }
    const json::Value* list = claim(of);
    if (!list) return Truth::unknown;
    if (list->string()) return within(value, *list->string());  // of an address; never a part of a text
    if (!list->array()) return Truth::unknown;
    for (const json::Value& item : *list->array()) look_at(Operand::of(&item));
    return found;
  }

  std::string written(const Node& node) const { return rule_.text_.substr(node.begin, node.end - node.begin); }

  // The first operand that there is nothing to compare of.
  std::string missing(const Node& node) const {
    std::vector<std::uint32_t> operands = node.children;
    if (operands.empty()) return written(node);
    for (const std::uint32_t child : operands) {
      const Node& one = rule_.nodes_[child];
      const bool list = one.kind == Kind::list || (one.kind == Kind::groups && facts_.groups()) ||
                        (one.kind == Kind::claim && node.kind == Kind::member && claim(one));
      if (!list && operand(child).kind == Operand::Kind::none) return written(one);
    }
    return {};
  }

  // Of what is not as it is wanted: the leaves that made it so.
  void explain(std::size_t index, Truth wanted, std::vector<Reason>& reasons) const {
    const Node& node = rule_.nodes_[index];
    if (truth(index) == wanted) return;
    if (node.kind == Kind::negation) return explain(node.children[0], opposite(wanted), reasons);
    if (node.kind == Kind::any || node.kind == Kind::all) {
      for (const std::uint32_t child : node.children) explain(child, wanted, reasons);
      return;
    }
    Reason reason{written(node), truth(index), {}};
    if (reason.truth == Truth::unknown) reason.missing = missing(node);
    reasons.push_back(std::move(reason));
  }

  const Rule& rule_;
  const Facts& facts_;
};

Truth Rule::evaluate(const Facts& facts) const { return Evaluation(*this, facts).whole(); }

std::vector<Reason> Rule::reasons(const Facts& facts) const {
  std::vector<Reason> reasons;
  Evaluation(*this, facts).explain(reasons);
  return reasons;
}

}  // namespace tandem::policy
