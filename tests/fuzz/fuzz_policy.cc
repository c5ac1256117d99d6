// Rules and claims from anybody: a rule is read or refused at a place within it, what is read has one of three values,
// and its reasons are empty exactly when it is true. `not` of a rule is the opposite of it, and never more known.
//
// Input: the rule, then a line feed and the claims as JSON.
#include <cstdint>
#include <string>
#include <string_view>

#include "common/json/parse.h"
#include "gateway/policy/rule.h"
#include "tests/fuzz/require.h"

using namespace tandem;

namespace {

const std::vector<std::string> kParams = {"id", "rest"};

class Input final : public policy::Facts {
 public:
  explicit Input(std::string_view json) {
    if (auto parsed = json::parse(json); parsed && parsed->is(json::Value::Kind::object)) claims_ = *std::move(parsed);
  }
  std::optional<std::string_view> param(std::size_t index) const override {
    return index == 0 ? std::optional<std::string_view>("7") : std::nullopt;
  }
  std::optional<std::string_view> header(std::string_view name) const override {
    return name.size() % 2 == 0 ? std::optional(name) : std::nullopt;
  }
  const json::Value* claims() const override { return claims_.is(json::Value::Kind::object) ? &claims_ : nullptr; }
  std::optional<std::string_view> consumer() const override { return "ada"; }
  std::optional<std::string_view> plan() const override { return std::nullopt; }
  const std::vector<std::string>* groups() const override { return &groups_; }
  std::string_view method() const override { return "GET"; }
  std::optional<IpAddress> ip() const override { return IpAddress::parse("10.1.2.3"); }

 private:
  json::Value claims_;
  const std::vector<std::string> groups_ = {"staff"};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\n'));
  const auto rule = policy::Rule::parse(text, kParams);
  if (!rule) {
    require(rule.error().offset <= text.size() && !rule.error().text.empty());
    return 0;
  }
  const Input facts(input.substr(std::min(text.size() + 1, input.size())));
  const policy::Truth truth = rule->evaluate(facts);
  require(rule->reasons(facts).empty() == (truth == policy::Truth::yes));
  const auto negated = policy::Rule::parse("not (" + std::string(text) + ")", kParams);
  if (!negated) return 0;  // it was as long or as deep as may be
  require(static_cast<int>(negated->evaluate(facts)) == 2 - static_cast<int>(truth));
  return 0;
}
