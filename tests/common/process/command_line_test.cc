#include "common/process/command_line.h"

#include <vector>

#include <doctest/doctest.h>

#include "common/process/commands.h"

using namespace tandem::process;
using Command = CommandLine::Command;

namespace {

ParsedCommandLine parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "lb");
  using Kind = OwnCommand::Argument::Kind;
  const ProgramInfo info{"lb",
                         "Balances.",
                         "1.2.3",
                         {{"libuv", "1.44"}},
                         {{"show",
                           "Show something",
                           {{"WHAT", Kind::required, {}, "What"},
                            {"-H,--header", Kind::list, "LINE", "A line"},
                            {"--json", Kind::flag, {}, "As JSON"}}}}};
  return parse_command_line(info, static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace

TEST_CASE("command line: run is the default") {
  for (const auto& arguments :
       {std::vector<const char*>{"run", "-c", "lb.toml"}, {"-c", "lb.toml"}, {"--config=lb.toml"}}) {
    const auto parsed = parse(arguments);
    REQUIRE_MESSAGE(parsed.command, parsed.err);
    CHECK(parsed.command->command == Command::run);
    CHECK(parsed.command->config == "lb.toml");
  }
}

TEST_CASE("command line: the quick start takes servers by commas or one after the other") {
  for (const auto& arguments : {std::vector<const char*>{"run", "--listen", ":80", "--to", "127.0.0.1:1,127.0.0.1:2"},
                                {"--listen", ":80", "--to", "127.0.0.1:1", "--to", "127.0.0.1:2"}}) {
    const auto parsed = parse(arguments);
    REQUIRE_MESSAGE(parsed.command, parsed.err);
    CHECK(parsed.command->listen == ":80");
    CHECK(parsed.command->to == std::vector<std::string>{"127.0.0.1:1", "127.0.0.1:2"});
  }
}

TEST_CASE("command line: the commands that end by themselves") {
  CHECK(parse({"check", "-c", "x"}).command->command == Command::check);
  CHECK(parse({"dump", "-c", "x"}).command->command == Command::dump);
  CHECK(parse({"schema"}).command->command == Command::schema);
  CHECK(parse({"status", "--admin", "127.0.0.1:1"}).command->admin == "127.0.0.1:1");
}

TEST_CASE("command line: wrong use is one line, where to look, and status 2") {
  for (const auto& arguments : {std::vector<const char*>{},
                                {"run"},
                                {"check"},
                                {"dump"},
                                {"status"},
                                {"frobnicate"},
                                {"-c"},
                                {"--nonsense"},
                                {"run", "-c", "a", "--listen", ":1", "--to", "127.0.0.1:1"},
                                {"--listen", ":1"},
                                {"run", "--to", "127.0.0.1:1"},
                                {"-c", "a", "check", "extra"},
                                {"check", "-c", "a", "-c", "b"}}) {
    const auto parsed = parse(arguments);
    CHECK(!parsed.command);
    CHECK(parsed.status == 2);
    CHECK(parsed.out.empty());
    CHECK_MESSAGE(parsed.err.find("lb: ") == 0, parsed.err);
    CHECK(parsed.err.find("See `lb --help`.\n") != std::string::npos);
  }
}

TEST_CASE("command line: help names every command and flag, version the libraries") {
  const auto help = parse({"--help"});
  CHECK(help.status == 0);
  for (const char* words : {"run", "check", "dump", "schema", "status", "--config", "--listen", "--to", "--version"}) {
    CHECK_MESSAGE(help.out.find(words) != std::string::npos, words);
  }
  CHECK(parse({"status", "--help"}).out.find("--admin") != std::string::npos);
  CHECK(parse({"--version"}).out == "lb 1.2.3\nlibuv 1.44\n");
}

TEST_CASE("command line: check says what a file holds in one line") {
  CHECK(ok_line("lb.toml", 2, 3) == "lb.toml: OK (2 listeners, 3 upstreams)\n");
  CHECK(ok_line("lb.toml", 1, 1) == "lb.toml: OK (1 listener, 1 upstream)\n");
}

TEST_CASE("command line: a command of one program only, with its own arguments") {
  const auto parsed = parse({"show", "-c", "lb.toml", "-H", "A: b", "this", "-H", "C: d"});
  REQUIRE_MESSAGE(parsed.command, parsed.err);
  CHECK(parsed.command->command == Command::own);
  CHECK(parsed.command->own == "show");
  CHECK(parsed.command->value("WHAT") == "this");
  CHECK(parsed.command->values.at("-H,--header") == std::vector<std::string>{"A: b", "C: d"});
  CHECK_FALSE(parsed.command->has("--json"));
  const auto flag = parse({"show", "-c", "lb.toml", "--json", "that"});
  REQUIRE_MESSAGE(flag.command, flag.err);
  CHECK(flag.command->has("--json"));
  CHECK(flag.command->values.count("-H,--header") == 0);
  CHECK(parse({"show", "this"}).status == 2);               // no file
  CHECK(parse({"show", "-c", "lb.toml"}).status == 2);      // not what
  CHECK(parse({"show", "-c", "a", "b", "c"}).status == 2);  // too much
  CHECK(parse({"--help"}).out.find("Show something") != std::string::npos);
}
