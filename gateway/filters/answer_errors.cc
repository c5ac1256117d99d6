#include "gateway/filters/answer_errors.h"

#include "gateway/error_answer.h"

namespace tandem::gateway {

async::Task<Result<Response>> AnswerErrors::handle(Exchange& exchange, Next next) const {
  auto response = co_await next(exchange);
  if (!response) co_return error_answer(response.error(), exchange);
  co_return response;
}

}  // namespace tandem::gateway
