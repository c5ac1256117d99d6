// The command `top` of both programs: what a running one does, live in a terminal, or once as text.
#pragma once
#include <optional>
#include <string>

#include "common/base/address.h"
#include "common/base/clock.h"

namespace tandem::process::top {

struct Options {
  Address admin;
  std::optional<std::string> token;
  bool once = false;  // also where stdout is no terminal
  Duration interval = std::chrono::seconds(1);
};

// Gives the exit status: 0, or 1 when there was no answer at first. Later ones that fail are shown, and asked again.
int run(const std::string& program, const Options& options);

}  // namespace tandem::process::top
