#include "common/http/trace_context.h"

#include <doctest/doctest.h>

using namespace tandem;
using http::Fields;
using http::TraceContext;

namespace {

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string continued(std::string_view parent) {
  Fields fields;
  fields.add("Traceparent", parent);
  return std::string(TraceContext::of(fields).traceparent());
}

}  // namespace

TEST_CASE("trace: what is a traceparent and what is not") {
  CHECK(http::is_traceparent(kParent));
  CHECK(http::is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"));
  CHECK(http::is_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-09-what-comes-later"));
  for (const std::string_view bad : {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                                     "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                                     "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                     "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                                     "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                                     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
                                     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
                                     "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.x",
                                     "0-0af7651916cd43dd8448eb211c80319cc-b7ad6b7169203331-01"}) {
    CHECK_MESSAGE(!http::is_traceparent(bad), bad);
  }
}

TEST_CASE("trace: a sound parent's trace goes on under a new parent id with its sampled flag only") {
  const std::string next = continued(kParent);
  CHECK(next.substr(0, 36) == kParent.substr(0, 36));
  CHECK(next.substr(36, 16) != kParent.substr(36, 16));
  CHECK(http::is_traceparent(next));
  CHECK(continued("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe").ends_with("-00"));
  CHECK(continued("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-x").ends_with("-01"));
}

TEST_CASE("trace: without one a trace begins, another one each time") {
  const std::string first = continued("junk"), second = continued("junk");
  CHECK(http::is_traceparent(first));
  CHECK(first.substr(3, 32) != second.substr(3, 32));
}

TEST_CASE("trace: tracestate lives only with its traceparent and within its bounds") {
  const auto left = [](std::string_view parent, std::string_view state) {
    Fields fields;
    fields.add("traceparent", parent);
    fields.add("tracestate", state);
    (void)TraceContext::of(fields);
    CHECK(!fields.has(http::FieldId::traceparent));
    return fields.count(http::FieldId::tracestate);
  };
  CHECK(left(kParent, "rojo=00f067aa0ba902b7, congo=t61rcWkgMzE, tenant@system=1") == 1);
  CHECK(left("junk", "rojo=00f067aa0ba902b7") == 0);
  CHECK(left(kParent, "no equals sign") == 0);
  CHECK(left(kParent, "=x") == 0);
  CHECK(left(kParent, "UPPER=x") == 0);
  CHECK(left(kParent, "a=b\x01") == 0);
  std::string many;
  for (int i = 0; i < 33; ++i) many += "k" + std::to_string(i) + "=v,";
  CHECK(left(kParent, many) == 0);
}

TEST_CASE("trace: one that has not begun has no id") { CHECK(TraceContext{}.trace_id().empty()); }
