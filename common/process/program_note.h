// Something that a program itself wants the process that replaces it to know, in an upgrade.
#pragma once
#include <string>

namespace tandem::process {

struct ProgramNote {
  std::string kind;  // what it is: "jwks"
  std::string name;  // whose
  std::string text;  // any bytes

  bool operator==(const ProgramNote&) const = default;
};

}  // namespace tandem::process
