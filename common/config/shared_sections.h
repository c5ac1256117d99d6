// The tables of the sections that both programs have, and what is checked over several keys of them.
#pragma once
#include <cstdint>

#include "common/config/section.h"
#include "common/config/sections.h"

namespace tandem::config {

const Section<ProcessConfig>& process_section();
const Section<AdminConfig>& admin_section();
const Section<LogConfig>& log_section();
const Section<LogConfig>& http_log_section();                         // also what only requests have
const Section<balance::UpstreamOptions>& upstream_section();          // all keys but on_down
const Section<balance::UpstreamOptions>& hashing_upstream_section();  // balance may be "hash" too

// Puts the number of usable CPUs where no number of workers is given.
void settle(ProcessConfig& process);

// Without the names that servers get by default, as a file would be written.
balance::UpstreamOptions without_default_names(balance::UpstreamOptions upstream);

// An admin address that others can reach must have a token.
void check_admin(Reader& reader, const AdminConfig& admin);

}  // namespace tandem::config
