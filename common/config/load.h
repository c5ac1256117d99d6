// The steps of loading a file, the same for both programs: parse, read by the root's section, check what lies between
// the parts. Runs on the control thread, or before there is one.
#pragma once
#include <string>
#include <utility>

#include "common/config/document.h"
#include "common/config/section.h"
#include "common/config/sections.h"

namespace tandem::config {

// `finish(Raw&, Reader&)` makes the configuration from what was read and says what is wrong with the whole; it also
// runs when parts could not be read, so that all errors come in one go.
template <class Config, class Raw, class Finish>
LoadResult<Config> load_file(const std::string& path, const Section<Raw>& root, Finish finish) {
  Diagnostics diagnostics;
  LoadResult<Config> result;
  if (const auto document = load_document(path, diagnostics)) {
    Reader reader(diagnostics);
    Raw raw;
    root.read(reader, *document, raw);
    Config config = finish(raw, reader);
    if (!diagnostics.has_errors()) result.config = std::move(config);
  }
  result.errors = diagnostics.render_errors();
  result.warnings = diagnostics.render_warnings();
  return result;
}

}  // namespace tandem::config
