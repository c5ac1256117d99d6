// Limits that all gateways share: kept in Redis, charged by one script call a request, by Redis's own clock. The script
// does what charge() does (charge.cc), so that a limit means the same in both places.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/rate_limit/charge.h"
#include "gateway/redis/command.h"
#include "gateway/redis/reply.h"

namespace tandem::gateway {

const redis::Script& limit_script();

// The call for some charges, all of limits of one Redis; the views are into itself and the charges.
class SharedCall {
 public:
  // `keys`: of each charge, what LimitKey says of it as text.
  SharedCall(std::span<const Charge> charges, std::span<const std::string> keys, std::string_view prefix);
  SharedCall(const SharedCall&) = delete;
  SharedCall& operator=(const SharedCall&) = delete;

  std::span<const std::string_view> keys() const { return keys_; }
  std::span<const std::string_view> arguments() const { return arguments_; }

 private:
  std::vector<std::string> texts_;
  std::vector<std::string_view> keys_, arguments_;
};

// What the script has said of them: fills in the outcomes. Nothing: it makes no sense; else whether the request may
// come.
std::optional<bool> read_outcome(const redis::Reply& reply, std::span<Charge> charges);

// The words of a call that charges a key of its own, which nothing else uses.
std::vector<std::string> probe_of(std::string_view prefix);

}  // namespace tandem::gateway
