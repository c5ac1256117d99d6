// Where an error becomes an answer: filters before it change refusals of the gateway like any other answer, those
// behind it see errors as errors.
#pragma once
#include "gateway/filters/filter.h"

namespace tandem::gateway {

class AnswerErrors final : public Filter {
 public:
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;
};

}  // namespace tandem::gateway
