// GET /explain of the admin address: what `gateway explain` says, of the configuration in force. The control thread's.
#pragma once
#include "common/observe/admin.h"
#include "gateway/config.h"

namespace tandem::gateway {

// ?url=URL&method=GET&header=NAME:%20VALUE&claims=JSON&from=ADDRESS, percent-encoded; url must be there, header may
// stand more than once. Answers explanation_json(), or with &as=text what the command prints.
observe::AdminResponse explain_for(const GatewayConfig& config, const observe::AdminRequest& request);

}  // namespace tandem::gateway
