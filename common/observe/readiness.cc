#include "common/observe/readiness.h"

#include <atomic>
#include <utility>

namespace tandem::observe {
namespace {
std::atomic<Readiness> current = Readiness::starting;

std::string& own_admin_address() {
  static std::string address;
  return address;
}
}  // namespace

void set_readiness(Readiness state) { current.store(state, std::memory_order_relaxed); }
Readiness readiness() { return current.load(std::memory_order_relaxed); }

std::string_view to_string(Readiness state) {
  switch (state) {
    case Readiness::starting: return "starting";
    case Readiness::ready: return "ready";
    case Readiness::draining: return "draining";
  }
  return "";
}

void set_admin_address(std::string address) { own_admin_address() = std::move(address); }
const std::string& admin_address() { return own_admin_address(); }

ReadinessAnswer readiness_answer() {
  switch (readiness()) {
    case Readiness::ready: return {200, "ready\n", ""};
    case Readiness::draining: return {503, "draining\n", "draining"};
    default: return {503, "starting\n", ""};
  }
}

}  // namespace tandem::observe
