// The commands of both programs that end by themselves (check, dump, schema, status, top, reload, orders), and loading
// for the one that does not. A main calls configuration_for() and runs what it gives.
#pragma once
#include <cstddef>
#include <cstdio>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/sections.h"
#include "common/process/command_line.h"

namespace tandem::process {

// How a program's configuration is loaded and shown.
template <class Config>
struct ConfigFunctions {
  config::LoadResult<Config> (*load)(const std::string& path);
  config::LoadResult<Config> (*quick)(std::string_view listen, const std::vector<std::string>& to);
  std::string (*dump)(const Config&);
  std::string (*schema)();
};

// `lb.toml: OK (2 listeners, 3 upstreams)` with a newline.
std::string ok_line(const std::string& path, std::size_t listeners, std::size_t upstreams);

// For `check --as-user`: becomes the user for good. 0, or 1 and says why not.
int become_user(const std::string& program, const std::string& user);

// Asks the admin address of a running program and prints its answer; gives the exit status. `admin` is the command
// line's, or that of the file.
int print_status(const std::string& program, const std::string& admin, const config::AdminConfig& of_file);

// Likewise: shows what it does, live or once.
int show_top(const std::string& program, const CommandLine& line, const config::AdminConfig& of_file);

// Likewise: makes the running program reload and waits for the outcome. 0, 2 with its errors when nothing changed, 1
// when nobody could be asked.
int ask_reload(const std::string& program, const std::string& admin, const config::AdminConfig& of_file);

// Likewise for drain, enable, disable and weight. 0, 1 when nobody could be asked, 2 when what was named is unknown
// there.
int give_order(const std::string& program, const CommandLine& line, const config::AdminConfig& of_file);
bool is_order(CommandLine::Command command);

// Carries out the command. Gives the configuration to run on, or the exit status when there is nothing to run.
template <class Config>
std::expected<Config, int> configuration_for(const std::string& program, const CommandLine& line,
                                             const ConfigFunctions<Config>& functions) {
  using Command = CommandLine::Command;
  const auto print = [](std::FILE* to, const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), to);
    return std::unexpected(to == stderr ? 2 : 0);
  };
  if (line.command == Command::schema) return print(stdout, functions.schema());
  if (line.config.empty() && line.command == Command::status) {
    return std::unexpected(print_status(program, line.admin, {}));
  }
  if (line.config.empty() && line.command == Command::top) return std::unexpected(show_top(program, line, {}));
  if (line.config.empty() && line.command == Command::reload) {
    return std::unexpected(ask_reload(program, line.admin, {}));
  }
  if (line.config.empty() && is_order(line.command)) return std::unexpected(give_order(program, line, {}));
  config::LoadResult<Config> loaded =
      line.config.empty() ? functions.quick(line.listen, line.to) : functions.load(line.config);
  if (!loaded) return print(stderr, loaded.errors);
  if (line.command == Command::check || line.command == Command::run) print(stderr, loaded.warnings);
  switch (line.command) {
    case Command::check:
      if (line.as_user && !loaded.config->process.user.empty()) {
        if (const int status = become_user(program, loaded.config->process.user); status != 0) {
          return std::unexpected(status);
        }
        if (loaded = functions.load(line.config); !loaded) return print(stderr, loaded.errors);
      }
      return print(stdout, ok_line(line.config, loaded.config->listeners.size(), loaded.config->upstreams.size()));
    case Command::dump: return print(stdout, functions.dump(*loaded.config));
    case Command::status: return std::unexpected(print_status(program, line.admin, loaded.config->admin));
    case Command::top: return std::unexpected(show_top(program, line, loaded.config->admin));
    case Command::reload: return std::unexpected(ask_reload(program, line.admin, loaded.config->admin));
    default: break;
  }
  if (is_order(line.command)) return std::unexpected(give_order(program, line, loaded.config->admin));
  return *std::move(loaded.config);
}

}  // namespace tandem::process
