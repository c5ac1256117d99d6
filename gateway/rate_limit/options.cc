#include "gateway/rate_limit/options.h"

namespace tandem::gateway {

std::string_view name_of(LimitKeyPart::Kind kind) {
  switch (kind) {
    case LimitKeyPart::Kind::ip: return "ip";
    case LimitKeyPart::Kind::global: return "global";
    case LimitKeyPart::Kind::route: return "route";
    case LimitKeyPart::Kind::header: return "header";
    case LimitKeyPart::Kind::param: return "param";
    case LimitKeyPart::Kind::caller: return "caller";
    case LimitKeyPart::Kind::claim: break;
  }
  return "claim";
}

std::string LimitKeyPart::text() const {
  const std::string word(name_of(kind));
  return is_named(kind) ? word + ':' + name : word;
}

}  // namespace tandem::gateway
