// The command line of both programs: which command, and its flags. The only file that knows the library for it. Pure:
// prints nothing and never ends the process.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::process {

struct CommandLine {
  enum class Command : std::uint8_t {
    run,
    check,
    dump,
    schema,
    status,
    top,
    reload,
    drain,
    enable,
    disable,
    weight,
    own
  };

  Command command = Command::run;
  std::string config;  // path of the file; empty: none was named
  std::string listen;  // run without a file: --listen and --to
  std::vector<std::string> to;
  bool as_user = false;  // check: also what [process] user may read
  std::string admin;     // commands that speak to a running program: --admin; empty: the file's

  // a command that only this program has
  std::string own;                                         // its name
  std::map<std::string, std::vector<std::string>> values;  // by the names of its arguments; a flag that is set: {""}

  // The first value of an argument of `own`; empty where it was not given.
  std::string value(const std::string& name) const {
    const auto found = values.find(name);
    return found == values.end() || found->second.empty() ? std::string() : found->second.front();
  }
  bool has(const std::string& name) const { return values.contains(name); }

  // top
  bool once = false;
  std::uint32_t interval = 1;  // seconds

  // drain, enable, disable, weight
  std::string upstream;
  std::string server;  // its name or address
  std::uint32_t weight = 0;
};

// A command that only one of the programs has.
struct OwnCommand {
  struct Argument {
    enum class Kind : std::uint8_t { required, optional, list, flag };
    std::string name;  // "METHOD" for one that stands without a name, "-H,--header" for an option
    Kind kind = Kind::required;
    std::string type;  // what --help calls an option's value
    std::string what;
  };
  std::string name;
  std::string what;
  std::vector<Argument> arguments;
  bool needs_file = true;  // a configuration file, by -c
};

struct ProgramInfo {
  std::string name;                                            // "lb"
  std::string what;                                            // one line for --help
  std::string version;                                         // "0.1.0"
  std::vector<std::pair<std::string, std::string>> libraries;  // name and version, for --version
  std::vector<OwnCommand> own = {};
};

// Either a command to carry out, or the text that ends it here: --help and --version on stdout with status 0, a wrong
// use on stderr with status 2.
struct ParsedCommandLine {
  std::optional<CommandLine> command;
  int status = 0;
  std::string out;
  std::string err;
};

ParsedCommandLine parse_command_line(const ProgramInfo& program, int argc, const char* const* argv);

}  // namespace tandem::process
