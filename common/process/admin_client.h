// Asks the admin address of a running program, from its command line. Blocking, with a deadline; one answer a call.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/base/error.h"

namespace tandem::process {

struct AdminAnswer {
  int status = 0;
  std::string body;
};

// `method` and `path`, with `body`. `token` goes along as a bearer token. Refuses answers that are no HTTP or larger
// than 16 MiB. Each step of it may take `patience`.
Result<AdminAnswer> ask_admin(const Address& admin, const std::optional<std::string>& token, std::string_view path,
                              std::string_view method = "GET", std::string_view body = {},
                              Duration patience = std::chrono::seconds(30));

}  // namespace tandem::process
