// `redirect`: sends the client to another place (RFC 9110 §15.4).
#pragma once
#include "gateway/handlers/handler.h"
#include "gateway/routing/redirect.h"

namespace tandem::gateway {

inline constexpr int kHttpsRedirect = 308;  // of a listener with redirect_to_https: method and body are kept

class RedirectHandler final : public Handler {
 public:
  RedirectHandler(routing::Redirect redirect, int status) : redirect_(std::move(redirect)), status_(status) {}
  async::Task<Result<Response>> handle(Exchange& exchange) const override;
  Result<Response> answer(const Exchange& exchange) const;  // the same, which never has to wait

 private:
  const routing::Redirect redirect_;
  const int status_;
};

}  // namespace tandem::gateway
