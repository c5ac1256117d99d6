#include "gateway/filters/headers.h"

#include <cassert>

namespace tandem::gateway {

FieldEdits::FieldEdits(const FieldChanges& changes, const routing::MatchPattern& pattern)
    : remove_(changes.remove), set_(compiled(changes.set, pattern)), add_(compiled(changes.add, pattern)) {}

std::vector<FieldEdits::Edit> FieldEdits::compiled(const std::vector<FieldSetting>& settings,
                                                   const routing::MatchPattern& pattern) {
  std::vector<Edit> edits;
  for (const FieldSetting& setting : settings) {
    auto value = FieldValue::parse(setting.value, pattern);
    assert(value && "load_gateway() has checked it");
    edits.push_back({setting.name, *std::move(value)});
  }
  return edits;
}

// Values are taken before anything is removed: a field may be made from one that goes.
void FieldEdits::apply(http::Fields& fields, Exchange& exchange) const {
  std::vector<std::optional<std::string_view>> values;
  values.reserve(set_.size() + add_.size());
  for (const Edit& edit : set_) values.push_back(edit.value.of(exchange));
  for (const Edit& edit : add_) values.push_back(edit.value.of(exchange));
  for (const std::string& name : remove_) fields.remove(name);
  auto value = values.begin();
  for (const Edit& edit : set_) {
    fields.remove(edit.name);
    if (*value) fields.add(edit.name, **value);
    ++value;
  }
  for (const Edit& edit : add_) {
    if (*value) fields.add(edit.name, **value);
    ++value;
  }
}

async::Task<Result<Response>> RequestHeaders::handle(Exchange& exchange, Next next) const {
  edits_.apply(exchange.request.fields, exchange);
  return next(exchange);
}

async::Task<Result<Response>> ResponseHeaders::handle(Exchange& exchange, Next next) const {
  auto response = co_await next(exchange);
  if (response) edits_.apply(response->fields, exchange);
  co_return response;
}

}  // namespace tandem::gateway
