// From a program's own configuration to what a reload needs of it. `Config` has `listeners` (each with `name`, `listen`
// and `access.mode`), `process`, `admin` and `log`.
#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/process/reloader.h"

namespace tandem::process {

template <class Config>
std::vector<ListenerAddress> listener_addresses(const Config& config) {
  std::vector<ListenerAddress> all;
  for (const auto& listener : config.listeners) all.push_back({listener.name, listener.listen, listener.access.mode});
  return all;
}

// `load` reads the file again, or the words of the command line; `builder` makes what builds generations of what it
// gave. Both are kept.
template <class Config>
LoadNext load_next(std::function<config::LoadResult<Config>()> load,
                   std::function<BuildGeneration(std::shared_ptr<const Config>)> builder) {
  return [load = std::move(load), builder = std::move(builder)]() -> std::expected<NextConfiguration, std::string> {
    auto loaded = load();
    if (!loaded) return std::unexpected(std::move(loaded.errors));
    auto config = std::make_shared<const Config>(*std::move(loaded.config));
    return NextConfiguration{.warnings = std::move(loaded.warnings),
                             .listeners = listener_addresses(*config),
                             .process = config->process,
                             .admin = config->admin,
                             .log = config->log,
                             .build = builder(config)};
  };
}

}  // namespace tandem::process
