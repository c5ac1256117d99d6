#include "gateway/redaction.h"

#include <doctest/doctest.h>

#include <vector>

using namespace tandem;
using gateway::Redaction;

namespace {

std::string masked(std::string_view query, std::vector<std::string> more = {}) {
  std::string out;
  Redaction(more).append_query(out, query);
  return out;
}

}  // namespace

TEST_CASE("redaction: values of secret parameters are masked, all else stays as it was written") {
  CHECK(masked("a=1&token=abc&b=%20") == "a=1&token=***&b=%20");
  CHECK(masked("TOKEN=abc;Api-Key=x") == "TOKEN=***;Api-Key=***");
  CHECK(masked("token") == "token");
  CHECK(masked("token=") == "token=***");
  CHECK(masked("&&=&token=a=b&") == "&&=&token=***&");
  CHECK(masked("tokens=1&atoken=2") == "tokens=1&atoken=2");
  CHECK(masked("").empty());
}

TEST_CASE("redaction: another spelling of a name hides nothing") {
  CHECK(masked("%74oken=abc") == "%74oken=***");
  CHECK(masked("%2574oken=abc") == "%2574oken=***");
  CHECK(masked("user[password]=abc&user.password=abc&a[b][token]=c") ==
        "user[password]=***&user.password=***&a[b][token]=***");
  CHECK(masked("user%5Bpassword%5D=abc") == "user%5Bpassword%5D=***");
  CHECK(masked("%=1&%7=2&%zz=3") == "%=1&%7=2&%zz=3");
}

TEST_CASE("redaction: names of one's own stand beside the usual ones") {
  CHECK(masked("iban=DE&token=a", {"IBAN"}) == "iban=***&token=***");
  CHECK(Redaction(std::vector<std::string>{"X-Customer"}).hides_field("x-customer"));
  CHECK(Redaction().hides_field("Authorization"));
  CHECK(!Redaction().hides_field("User-Agent"));
}
