// `cors`: tells browsers whose pages may read the answers. A preflight is answered here and gets no further, so it
// needs no credentials and gives no data; an origin that is not listed is never named in an answer.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/filters/filter.h"
#include "gateway/filters/options.h"

namespace tandem::gateway {

// A browser's question before the request proper: OPTIONS with one Origin and one Access-Control-Request-Method. Gives
// the method that it asks for; empty where it is none.
std::string_view preflight_method(const http::RequestHead& request);

// Whether `origin`, as a browser writes it, is one of `allowed`: "*", an origin, or "https://*.example.com" for exactly
// one label in place of the star. "null" never is.
bool is_listed_origin(std::string_view origin, const std::vector<std::string>& allowed);

class Cors final : public Filter {
 public:
  explicit Cors(const CorsConfig& config);
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  Response answer_preflight(const Exchange& exchange, std::string_view method) const;
  // The value of Access-Control-Allow-Origin; empty for whom it is not.
  std::string_view allowed_origin(const Exchange& exchange) const;
  void add_allowed_headers(const Exchange& exchange, Response& response) const;

  const CorsConfig config_;
  const bool any_origin_;
  const bool any_header_;
  const std::string methods_;  // as the fields say them
  const std::string headers_;
  const std::string expose_;
  const std::string max_age_;
};

}  // namespace tandem::gateway
