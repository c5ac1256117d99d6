// `gateway token`: what a provider makes of a token, with the words of the log that a client never hears. Keys that are
// published are fetched, once; nothing else is asked.
#pragma once
#include <string>

#include "gateway/config.h"

namespace tandem::gateway {

struct TokenQuestion {
  std::string provider;
  std::string token;            // blanks and line ends around it do not count
  bool signature_only = false;  // whatever its claims say of time and party
};

struct TokenAnswer {
  int status = 0;  // 0: accepted; 1: refused; 2: the question makes no sense, and `text` is for stderr
  std::string text;
};

TokenAnswer examine_token(const GatewayConfig& config, const TokenQuestion& question);

}  // namespace tandem::gateway
