#include "common/base/error.h"

#include <cctype>
#include <system_error>

namespace tandem {

std::string errno_text(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::unexpected<Error> fail_errno(Origin origin, std::string_view reason, std::string_view what, int error,
                                  bool retryable) {
  return fail(origin, reason, std::string(what) + ": " + errno_text(error), retryable);
}

}  // namespace tandem
