#include "gateway/handlers/redirect.h"

#include "gateway/handlers/values.h"

namespace tandem::gateway {

async::Task<Result<Response>> RedirectHandler::handle(Exchange& exchange) const { co_return answer(exchange); }

Result<Response> RedirectHandler::answer(const Exchange& exchange) const {
  std::string location;
  if (auto written = redirect_.append_to(location, template_values(exchange)); !written) {
    return std::unexpected(std::move(written.error()));
  }
  Response response;
  response.status = status_;
  response.framing = http::BodyFraming::of_length(0);
  response.add("Location", std::move(location));
  return response;
}

}  // namespace tandem::gateway
