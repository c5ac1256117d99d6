// `compress`: bodies that are worth it are encoded as the client likes it, while they stream. Answers that are encoded
// already, partial, or not to be transformed pass as they are.
#pragma once
#include <optional>
#include <string_view>

#include "gateway/filters/encoder.h"
#include "gateway/filters/filter.h"
#include "gateway/filters/options.h"

namespace tandem::gateway {

// The coding for a client whose Accept-Encoding is this (several joined): what it likes most, among equals the first of
// `offered`; nothing when it likes none of them, or the plain body better (RFC 9110 §12.5.3).
std::optional<Encoding> choose_encoding(std::string_view accept_encoding, std::span<const Encoding> offered);

// Whether a Content-Type is one of `types`: "text/html", "text/*" or "*+json".
bool is_listed_type(std::string_view content_type, std::span<const std::string> types);

class Compress final : public Filter {
 public:
  explicit Compress(CompressConfig config) : config_(std::move(config)) {}
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  bool is_worth_it(const Response& response) const;
  bool encode(Response& response, Encoding encoding, bool head) const;

  const CompressConfig config_;
};

}  // namespace tandem::gateway
