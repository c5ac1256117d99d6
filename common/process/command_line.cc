#include "common/process/command_line.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <span>

namespace tandem::process {
namespace {

using Command = CommandLine::Command;

CLI::App* add_command(CLI::App& app, CommandLine& line, Command command, std::string name, std::string what) {
  CLI::App* added = app.add_subcommand(std::move(name), std::move(what));
  added->callback([&line, command] { line.command = command; });
  return added;
}

void add_config(CLI::App& app, CommandLine& line) {
  app.add_option("-c,--config", line.config, "The configuration file")->type_name("FILE");
}

// Flags of `run`, which may also stand without the word.
void add_run_flags(CLI::App& app, CommandLine& line) {
  add_config(app, line);
  app.add_option("--listen", line.listen, "Without a file: where clients connect")->type_name("ADDRESS");
  app.add_option("--to", line.to, "Without a file: the servers, separated by commas")
      ->type_name("ADDRESS,...")
      ->delimiter(',');
}

// A command that speaks to a running program.
CLI::App* add_asking(CLI::App& app, CommandLine& line, Command command, std::string name, std::string what) {
  CLI::App* added = add_command(app, line, command, std::move(name), std::move(what));
  add_config(*added, line);
  added->add_option("--admin", line.admin, "Its admin address; by default the one in the file")->type_name("ADDRESS");
  return added;
}

void add_orders(CLI::App& app, CommandLine& line) {
  const auto add = [&](Command command, std::string name, std::string what) {
    CLI::App* added = add_asking(app, line, command, std::move(name), std::move(what));
    added->add_option("UPSTREAM", line.upstream, "The upstream's name")->required();
    added->add_option("SERVER", line.server, "The server's name or address")->required();
    return added;
  };
  add(Command::drain, "drain", "Let a server get nothing new and finish what it has");
  add(Command::disable, "disable", "Take a server out until it is enabled again");
  add(Command::enable, "enable", "Take back what was ordered of a server: state and weight are the file's again");
  add(Command::weight, "weight", "Give a server another weight until it is enabled or the file's weight changes")
      ->add_option("N", line.weight, "0 to 256; 0: it gets nothing new")
      ->check(CLI::Range(0, 256))
      ->required();
}

// Where the library puts the values of an own command's arguments until they are known to be given.
struct OwnValues {
  const OwnCommand* command = nullptr;
  std::vector<std::vector<std::string>> values;
  std::vector<CLI::Option*> options;
};

void add_own(CLI::App& app, CommandLine& line, const OwnCommand& command, OwnValues& own) {
  using Kind = OwnCommand::Argument::Kind;
  CLI::App* added = add_command(app, line, Command::own, command.name, command.what);
  if (command.needs_file) add_config(*added, line);
  own.command = &command;
  own.values.resize(command.arguments.size());
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    const OwnCommand::Argument& argument = command.arguments[i];
    CLI::Option* option = nullptr;
    if (argument.kind == Kind::flag) {
      option = added->add_flag(argument.name, argument.what);
    } else {
      option = added->add_option(argument.name, own.values[i], argument.what)->allow_extra_args(false);
      if (!argument.type.empty()) option->type_name(argument.type);
      if (argument.kind != Kind::list) option->expected(1);
      option->required(argument.kind == Kind::required);
    }
    own.options.push_back(option);
  }
}

void gather(CommandLine& line, const CLI::App& app, std::span<const OwnValues> all) {
  for (const OwnValues& own : all) {
    if (!app.got_subcommand(own.command->name)) continue;
    line.own = own.command->name;
    for (std::size_t i = 0; i < own.options.size(); ++i) {
      if (own.options[i]->count() > 0) line.values[own.command->arguments[i].name] = own.values[i];
    }
  }
}

void describe(CLI::App& app, const ProgramInfo& program, CommandLine& line) {
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", [] { return std::string(); }, "Show the version and those of the libraries");
  app.set_help_flag("-h,--help", "Show this help");
  add_run_flags(app, line);
  add_run_flags(*add_command(app, line, Command::run, "run", "Run in the foreground (the default)"), line);
  CLI::App* check =
      add_command(app, line, Command::check, "check", "Check a configuration as a start would; binds nothing");
  add_config(*check, line);
  check->add_flag("--as-user", line.as_user, "Also that the user of [process] can read all of it, as a reload must");
  add_config(
      *add_command(app, line, Command::dump, "dump", "Show the configuration with every default, secrets masked"),
      line);
  add_command(app, line, Command::schema, "schema", "Show a JSON Schema of the file, for editors");
  add_asking(app, line, Command::status, "status", "Show what a running " + program.name + " says of itself");
  CLI::App* top = add_asking(app, line, Command::top, "top", "Show what a running " + program.name + " does, live");
  top->add_flag("--once", line.once, "Show it once and end; so it is also where stdout is no terminal");
  top->add_option("--interval", line.interval, "Seconds between two looks; 1 by default")
      ->type_name("N")
      ->check(CLI::Range(1, 3600));
  add_asking(app, line, Command::reload, "reload", "Make a running " + program.name + " read its file again");
  add_orders(app, line);
}

bool needs_file(const ProgramInfo& program, const CommandLine& line) {
  const auto own = std::ranges::find(program.own, line.own, &OwnCommand::name);
  return own == program.own.end() || own->needs_file;
}

// What the library does not see: flags that need or exclude each other.
std::string misuse(const ProgramInfo& program, const CommandLine& line) {
  const bool quick = !line.listen.empty() || !line.to.empty();
  switch (line.command) {
    case Command::schema: return {};
    case Command::status:
    case Command::top:
    case Command::reload:
    case Command::drain:
    case Command::enable:
    case Command::disable:
    case Command::weight:
      return line.config.empty() && line.admin.empty() ? "which one? Give --admin ADDRESS, or its file with -c FILE"
                                                       : "";
    case Command::check:
    case Command::dump:
    case Command::own:
      if (quick) return "--listen and --to belong to `run`";
      return line.config.empty() && needs_file(program, line) ? "no configuration file; give one with -c FILE" : "";
    case Command::run: break;
  }
  if (quick && !line.config.empty()) return "either -c FILE, or --listen and --to";
  if (quick && (line.listen.empty() || line.to.empty())) return "--listen and --to go together";
  if (!quick && line.config.empty())
    return "no configuration file; give one with -c FILE, or --listen ADDRESS --to ADDRESS";
  return {};
}

ParsedCommandLine wrong_use(const ProgramInfo& program, std::string_view why) {
  return {
      .command = {}, .status = 2, .out = {}, .err = fmt::format("{0}: {1}\nSee `{0} --help`.\n", program.name, why)};
}

std::string version_text(const ProgramInfo& program) {
  std::string text = fmt::format("{} {}\n", program.name, program.version);
  for (const auto& [name, version] : program.libraries) text += fmt::format("{} {}\n", name, version);
  return text;
}

}  // namespace

ParsedCommandLine parse_command_line(const ProgramInfo& program, int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app(program.what, program.name);
  app.footer(program.name + " COMMAND --help shows the flags of a command.");
  describe(app, program, line);
  std::vector<OwnValues> own(program.own.size());  // before parsing: the library points into it
  for (std::size_t i = 0; i < own.size(); ++i) add_own(app, line, program.own[i], own[i]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion&) {
    return {.command = {}, .status = 0, .out = version_text(program), .err = {}};
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    return {
        .command = {}, .status = 0, .out = chosen.empty() ? app.help() : chosen.front()->help(program.name), .err = {}};
  } catch (const CLI::Error& error) {
    return wrong_use(program, error.what());
  }
  gather(line, app, own);
  if (const std::string why = misuse(program, line); !why.empty()) return wrong_use(program, why);
  return {.command = std::move(line), .status = 0, .out = {}, .err = {}};
}

}  // namespace tandem::process
