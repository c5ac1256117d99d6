// What templates may draw on, out of an exchange.
#pragma once
#include "gateway/exchange.h"
#include "gateway/routing/template.h"

namespace tandem::gateway {

inline routing::TemplateValues template_values(const Exchange& exchange) {
  routing::TemplateValues values;
  values.params = exchange.params.span();
  values.path = exchange.path;
  if (exchange.request.has_query) values.query = exchange.request.query;
  values.scheme = exchange.scheme;
  values.host = exchange.request.host;
  return values;
}

}  // namespace tandem::gateway
