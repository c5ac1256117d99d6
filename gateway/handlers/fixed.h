// `respond`: a fixed answer from the configuration.
#pragma once
#include "gateway/config.h"
#include "gateway/handlers/handler.h"

namespace tandem::gateway {

class Fixed final : public Handler {
 public:
  explicit Fixed(const RespondConfig& config) : config_(config) {}
  async::Task<Result<Response>> handle(Exchange& exchange) const override;

 private:
  const RespondConfig config_;
};

}  // namespace tandem::gateway
