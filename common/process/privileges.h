// `user` of [process]: what was started as root goes on as somebody who can do less.
#pragma once
#include <string>

#include "common/base/error.h"

namespace tandem::process {

// Becomes `user`, with its groups, for good and in all threads. Of root's powers only that over ports below 1024 stays,
// on this thread and on those and the program that it starts later. Nothing to do for who is that user already; an
// error for anybody else but root.
Result<void> become(const std::string& user);

}  // namespace tandem::process
