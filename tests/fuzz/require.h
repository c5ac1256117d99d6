// What a fuzz target demands of its subject: a finding is an abort, in every build.
#pragma once
#include <cstdlib>

inline void require(bool holds) {
  if (!holds) std::abort();
}
