// What services and clients say to a cache: no bytes break a parser, numbers stay in their bounds, and a range that is
// found lies within the whole.
#include <cstdint>
#include <string_view>

#include "gateway/cache/cache_control.h"
#include "gateway/cache/conditions.h"
#include "gateway/cache/http_date.h"
#include "gateway/cache/policy.h"
#include "gateway/cache/range.h"
#include "gateway/cache/selection.h"
#include "gateway/cache/structured_field.h"
#include "tests/fuzz/require.h"

using namespace tandem;
using namespace tandem::cache;

namespace {

void try_judging(const http::Fields& fields) {
  const Answered answer = {.status = 200, .fields = fields, .received = wall_now(), .delay = {}};
  const auto policy = judge({}, answer, {.while_revalidate = 1, .if_error = 1});
  if (!policy) return;
  const Directives said = control_of(fields).directives;
  require(!said.is_private && (!said.no_store || said.must_understand));
  require(policy->lifetime <= kMostSeconds && policy->initial_age <= kMostSeconds);
  require(!said.must_revalidate || (policy->never_stale && policy->while_revalidate == 0 && policy->if_error == 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t whole : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
    const ByteRange range = parse_range(bytes, whole);
    require(range.kind != ByteRange::Kind::part || (range.first <= range.last && range.last < whole));
  }
  (void)parse_list(bytes);
  (void)parse_dictionary(bytes);
  (void)parse_targeted(bytes);
  (void)parse_http_date(bytes, wall_now());
  http::Fields fields, request;
  for (const char* name : {"Cache-Control", "CDN-Cache-Control", "Expires", "Age", "Date", "Last-Modified"}) {
    fields.clear();
    fields.add(name, bytes);
    try_judging(fields);
  }
  fields.clear();
  fields.add("Vary", bytes);
  fields.add("ETag", bytes);
  request.add("If-None-Match", bytes);
  request.add("If-Range", bytes);
  if (const auto selection = selection_of(fields, request)) {
    require(selection->parts.size() <= kMostVaryNames && selects(*selection, request));
  }
  (void)client_has_it(request, fields, wall_now());
  (void)range_applies(request, fields, wall_now());
  return 0;
}
