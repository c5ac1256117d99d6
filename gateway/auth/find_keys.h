// Where an issuer's keys are fetched from, once: from their URL, or from what the issuer's own description names
// (OpenID Connect Discovery 1.0 §4).
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "gateway/auth/options.h"
#include "gateway/helper/fetch.h"

namespace tandem::gateway {

struct FoundKeys {
  std::shared_ptr<const jose::KeySet> set;  // null: none, and `why`
  std::string text;                         // what it was read from
  std::vector<std::string> left_out;        // for each key that is not for us: why
  std::optional<Duration> fresh;            // as HelperAnswer's
  std::string why;
};

// `config` has a source. `most_bytes` and `tls` of the options are set here, the deadline too where there is none.
async::Task<FoundKeys> find_keys(JwtConfig config, FetchOptions options);

}  // namespace tandem::gateway
