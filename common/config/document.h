// A configuration file with everything it includes, as one tree. Names are unique over all files.
#pragma once
#include <optional>
#include <string>

#include "common/config/diagnostics.h"
#include "common/config/value.h"

namespace tandem::config {

// Reads and parses `path` and, by its `include` globs (relative to the file that names them), the others. Says every
// file's first syntax error, unreadable files, cycles and names defined twice; gives nothing if there was any.
std::optional<Value> load_document(const std::string& path, Diagnostics& diagnostics);

}  // namespace tandem::config
