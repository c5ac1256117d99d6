#include "lb/generation.h"

#include <utility>

namespace tandem::lb {

SharedListener::SharedListener(const ListenerConfig& listener, Upstreams upstreams, Lasting& lasting)
    : config(listener),
      connections(lasting.limits.listener(listener.name, listener.max_connections)),
      access(listener.access.allow_from, listener.access.deny_from),
      sources(lasting.sources.of(listener.name, listener.access.per_source)) {
  lasting.counts.listener(listener.name, listener.upstream ? upstreams[*listener.upstream]->name() : std::string(),
                          connections);
  if (listener.upstream) otherwise = &branch_to(*listener.upstream, upstreams, lasting);
  for (const MatchConfig& match : listener.matches) matches.add(match, branch_to(match.upstream, upstreams, lasting));
}

const Branch& SharedListener::branch_to(std::size_t upstream, Upstreams upstreams, Lasting& lasting) {
  if (const auto known = branches.find(upstream); known != branches.end()) return known->second;
  balance::Upstream& to = *upstreams[upstream];
  std::vector<std::shared_ptr<LiveCount>> active;
  for (const auto& server : to.servers()) {
    active.push_back(lasting.counts.server(config.name, to.name(), server->name()));
  }
  return branches.emplace(upstream, Branch{to, std::move(active)}).first->second;
}

Generation::Generation(std::shared_ptr<const LbConfig> from, balance::Registry& registry, Lasting& lasting,
                       std::uint32_t most)
    : loaded(std::move(from)), config(*loaded), limits(lasting.limits) {
  limits.set_process(most, config.process.max_connections);
  for (const balance::UpstreamOptions& options : config.upstreams) {
    upstreams.push_back(std::make_shared<balance::Upstream>(options, &registry));
  }
  for (const ListenerConfig& listener : config.listeners) {
    listeners.emplace_back(listener, upstreams, lasting);
  }
}

}  // namespace tandem::lb
