#include "common/base/base64.h"

#include <doctest/doctest.h>

using namespace tandem;

TEST_CASE("base64url: one text has one spelling") {
  for (const std::string text : {"", "a", "ab", "abc", "\xff\xfe\xfd", "?>"}) {
    CHECK(from_base64url(to_base64url(text)) == text);
  }
  for (const char* wrong : {"YQ==", "YR", "YWJ", "Y", "+/8A", " YQ", "YQ\n", "Y.Q", "YWJjZ"}) {
    CHECK_MESSAGE(!from_base64url(wrong), wrong);
  }
}

TEST_CASE("base64: the same with padding, which must fit") {
  CHECK(from_base64("") == "");
  CHECK(from_base64("YQ==") == "a");
  CHECK(from_base64("YWI=") == "ab");
  CHECK(from_base64("+/8A") == std::string("\xfb\xff\x00", 3));
  for (const char* wrong : {"YQ", "YQ=", "YR==", "YWI", "Y===", "====", "YQ==YQ==", "-_8A", " YQ==", "YWJj\n"}) {
    CHECK_MESSAGE(!from_base64(wrong), wrong);
  }
}
