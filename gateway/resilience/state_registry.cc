#include "gateway/resilience/state_registry.h"

namespace tandem::gateway {
namespace {

template <class T, class Make>
std::shared_ptr<T> find_or_make(std::map<std::string, std::weak_ptr<T>>& known, const std::string& name, Make make) {
  std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
  auto& place = known[name];
  auto found = place.lock();
  if (!found) place = found = make();
  return found;
}

}  // namespace

std::shared_ptr<UpstreamHistory> StateRegistry::upstream(const std::string& name) {
  return find_or_make(upstreams_, name, [&] { return std::make_shared<UpstreamHistory>(name); });
}

std::shared_ptr<Places> StateRegistry::places(const std::string& route) {
  return find_or_make(places_, route, [] { return std::make_shared<Places>(); });
}

std::shared_ptr<AuthHistory> StateRegistry::auth(const std::string& provider) {
  return find_or_make(auth_, provider, [] { return std::make_shared<AuthHistory>(); });
}

std::shared_ptr<LimitState> StateRegistry::limit(const std::string& name, std::size_t max_keys) {
  return find_or_make(limits_, name + '/' + std::to_string(max_keys),
                      [&] { return std::make_shared<LimitState>(max_keys); });
}

std::shared_ptr<redis::Health> StateRegistry::redis(const std::string& name) {
  return find_or_make(redis_, name, [&] { return std::make_shared<redis::Health>(name); });
}

std::shared_ptr<cache::Store> StateRegistry::cache(const std::string& name) {
  return find_or_make(caches_, name, [&] { return std::make_shared<cache::Store>(name); });
}

}  // namespace tandem::gateway
