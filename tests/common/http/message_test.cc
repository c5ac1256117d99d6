#include "common/http/message.h"

#include <string>

#include <doctest/doctest.h>

using namespace tandem::http;

TEST_CASE("field ids: every known name is found in any case, and nothing else is") {
  const auto upper = [](std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return text;
  };
#define X(id, text)                            \
  CHECK(field_id(text) == FieldId::id);        \
  CHECK(field_id(upper(text)) == FieldId::id); \
  CHECK(field_name(FieldId::id) == text);      \
  CHECK(field_id(text "x") == FieldId::other); \
  CHECK(field_id("x" text) == FieldId::other);
  TANDEM_HTTP_FIELDS(X)
#undef X
  for (const char* name :
       {"", "x", "hosT ", "h\x4fst\x01", "HO\x53T_", "content_length", "content\x0dlength", "ag\x05"}) {
    CHECK_MESSAGE(field_id(name) == FieldId::other, name);
  }
}

TEST_CASE("fields: found and removed by id or name, in order, all of a name at once") {
  Fields fields;
  fields.add("Set-Cookie", "a");
  fields.add("X-One", "1");
  fields.add("set-cookie", "b");
  fields.add("x-one", "2");
  CHECK(fields.find(FieldId::set_cookie)->value == "a");
  CHECK(fields.find("x-ONE")->value == "1");
  CHECK(fields.find("x-two") == nullptr);
  CHECK(fields.count("SET-COOKIE") == 2);
  CHECK(fields.count(FieldId::host) == 0);
  CHECK(fields.remove("X-One") == 2);
  CHECK(fields.remove(FieldId::set_cookie) == 2);
  CHECK_FALSE(fields.has(FieldId::set_cookie));
  CHECK(fields.empty());
  fields.add("Server", "a");
  fields.set("server", "b");
  REQUIRE(fields.size() == 1);
  CHECK(fields[0].value == "b");
  CHECK(fields.remove(FieldSet(FieldId::server, FieldId::via)) == 1);
}

TEST_CASE("methods: case matters, and only safe repetition is idempotent") {
  CHECK(method_of("GET") == Method::get);
  CHECK(method_of("get") == Method::other);
  CHECK(method_of("") == Method::other);
  CHECK(method_of("PROPFIND") == Method::other);
  CHECK(method_text(Method::delete_) == "DELETE");
  CHECK(is_idempotent(Method::put));
  CHECK_FALSE(is_idempotent(Method::post));
  CHECK_FALSE(is_idempotent(Method::patch));
  CHECK_FALSE(is_idempotent(Method::other));
}
