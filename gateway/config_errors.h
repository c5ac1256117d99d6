// [errors]: the operator's own bodies for the gateway's errors. Load time only; the files are read then.
#pragma once
#include <vector>

#include "common/config/section.h"
#include "gateway/config.h"

namespace tandem::gateway {

// A table of statuses and files.
config::Kind<std::vector<ErrorPage>> error_pages();

}  // namespace tandem::gateway
