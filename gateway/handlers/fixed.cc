#include "gateway/handlers/fixed.h"

namespace tandem::gateway {

async::Task<Result<Response>> Fixed::handle(Exchange&) const {
  Response response;
  response.status = config_.status;
  response.text = config_.body;
  response.framing =
      has_body(config_.status) ? http::BodyFraming::of_length(config_.body.size()) : http::BodyFraming::none();
  for (const FieldSetting& field : config_.headers) response.fields.add(field.name, field.value);
  if (!config_.body.empty() && !response.fields.has(http::FieldId::content_type)) {
    response.fields.add("Content-Type", "text/plain; charset=utf-8");
  }
  co_return response;
}

}  // namespace tandem::gateway
