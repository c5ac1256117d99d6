// What the admin address says and does about caches (contract: DELETE /cache/{name}?key|prefix|group). The control
// thread's.
#pragma once
#include "common/base/json_writer.h"
#include "common/observe/admin.h"
#include "common/observe/metrics_text.h"
#include "gateway/generation.h"

namespace tandem::gateway {

// Carries out DELETE /cache/{name}: `key` is a URL as `gateway explain` shows it, `prefix` the beginning of some,
// `group` a name of Cache-Groups. Answers how many entries went.
observe::AdminResponse purge_cache(const Generation& generation, const observe::AdminRequest& request);

// An array for /status: each cache's size, what it holds, and how many requests it had something for.
void write_caches(JsonWriter& json, const Generation& generation);

void collect_caches(const Generation& generation, observe::MetricSamples& samples);

}  // namespace tandem::gateway
