// GET /requests, GET /errors and GET /consumers of the admin address: what the workers remember, asked of each on its
// own thread. Called on the control thread.
#pragma once
#include "common/observe/admin.h"
#include "common/process/worker_pool.h"

namespace tandem::gateway {

// ?limit=N (50): {"open": …, "newest": […], "slowest": […]}, of requests that have ended; see write_requests(). The
// slowest are those of the last five to ten minutes; of the newest some are left out where there are over a thousand a
// second. `open`: connections of clients.
observe::AdminResponse tell_requests(process::WorkerPool& workers, const observe::AdminRequest& request);

// Likewise {"errors": […]}: answers of 500 and above, and what was broken off by anybody but the client.
observe::AdminResponse tell_errors(process::WorkerPool& workers, const observe::AdminRequest& request);

// Likewise; see ConsumerCounts::Told.
observe::AdminResponse tell_consumers(process::WorkerPool& workers, const observe::AdminRequest& request);

}  // namespace tandem::gateway
