// GET /connections and GET /errors of the admin address, asked of the workers. Called on the control thread.
#pragma once
#include "common/observe/admin.h"
#include "common/process/worker_pool.h"

namespace tandem::lb {

// ?limit=N (50); see OpenConnections::write().
observe::AdminResponse tell_connections(process::WorkerPool& workers, const observe::AdminRequest& request);

// Likewise {"errors": […]}; see write_failed().
observe::AdminResponse tell_errors(process::WorkerPool& workers, const observe::AdminRequest& request);

}  // namespace tandem::lb
