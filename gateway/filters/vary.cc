#include "gateway/filters/vary.h"

#include "common/http/byte_class.h"

namespace tandem::gateway {

void add_vary(Response& response, std::string_view name) {
  bool named = false;
  for (const http::Field& field : response.fields) {
    if (field.id != http::FieldId::vary) continue;
    http::for_each_element(field.value, [&](std::string_view element) {
      named = named || element == "*" || http::equals_ignoring_case(element, name);
    });
  }
  if (!named) response.fields.add("Vary", name);
}

}  // namespace tandem::gateway
