// What a route's `when` asks of a request beyond host, path and method: that a header or a query parameter has exactly
// one value. Conditions are fixed at load; a request answers them through Fields, on the worker's thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::routing {

struct Condition {
  enum class Field : std::uint8_t { header, query };

  Field field = Field::header;
  std::string name;  // of a header: compared without regard to case
  std::string value;

  bool operator==(const Condition&) const = default;
};

// Whether two conditions look at the same header or parameter.
bool same_field(const Condition& a, const Condition& b);

// `repeated`: the field stands there more than once, so that a service might read another value than we do; a request
// that would be routed by it is refused.
enum class Tested : std::uint8_t { holds, differs, repeated };

// The request as conditions see it. One is made per request by whoever asks the table, usually on the stack.
class Fields {
 public:
  virtual Tested test(const Condition& condition) const noexcept = 0;

 protected:
  ~Fields() = default;
};

// Tests a condition on a raw query ("a=1&b=2", without "?"): names and values are compared as percent-decoded text,
// "+" is a space, ";" separates nothing. Allocates nothing.
Tested test_query(std::string_view query, const Condition& condition) noexcept;

}  // namespace tandem::routing
