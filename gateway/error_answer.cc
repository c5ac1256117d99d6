#include "gateway/error_answer.h"

#include "common/http/problem.h"
#include "gateway/error_page.h"
#include "gateway/generation.h"

namespace tandem::gateway {
namespace {

Response problem_response(const http::Problem& problem, const Exchange& exchange, std::string_view reason) {
  const std::string accept = exchange.request.fields.joined(http::FieldId::accept);
  Response response;
  response.status = problem.status;
  if (auto page = render_page(exchange.generation->config.errors, problem, accept)) {
    response.text = std::move(page->body);
    response.fields.add("Content-Type", page->content_type);
  } else {
    const http::ProblemFormat format = http::problem_format(accept);
    response.text = http::problem_body(problem, format);
    response.fields.add("Content-Type", http::content_type(format));
  }
  response.framing = http::BodyFraming::of_length(response.text.size());
  response.refusal = reason;
  return response;
}

}  // namespace

Response error_answer(const Error& error, Exchange& exchange, int status) {
  exchange.report.reason = error.reason;
  exchange.report.detail = error.detail;
  http::Problem problem = http::to_problem(error, exchange.id);
  if (status != 0) problem.status = status;
  Response response = problem_response(problem, exchange, error.reason);
  response.close = error.origin == Origin::client;
  return response;
}

Response declined(std::string_view reason, std::string detail, Exchange& exchange) {
  Response response = error_answer(Error{Origin::client, reason, false, std::move(detail)}, exchange);
  response.close = false;
  return response;
}

Response declined_for(Duration wait, std::string_view reason, Exchange& exchange) {
  Response response = declined(reason, {}, exchange);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.add("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1)));
  return response;
}

Response refusal(const http::HttpError& error, Exchange& exchange) {
  exchange.report.reason = error.reason;
  exchange.report.detail = error.detail;
  Response response = problem_response(http::to_problem(error, exchange.id), exchange, error.reason);
  response.close = true;
  return response;
}

}  // namespace tandem::gateway
