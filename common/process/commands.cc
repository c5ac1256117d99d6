#include "common/process/commands.h"

#include <fmt/format.h>

#include "common/observe/admin_path.h"
#include "common/process/admin_client.h"
#include "common/process/privileges.h"
#include "common/process/top/top.h"

namespace tandem::process {
namespace {

int complain(const std::string& program, std::string_view why, int status) {
  fmt::print(stderr, "{}: {}\n", program, why);
  return status;
}

struct Question {
  std::string path;
  std::string_view method = "GET";
  std::string body = {};
};

// The address of the command line, or that of the file; the exit status where there is none.
std::expected<Address, int> address_of(const std::string& program, const std::string& admin,
                                       const config::AdminConfig& of_file) {
  if (!admin.empty()) {
    auto parsed = Address::parse(admin);
    if (!parsed) return std::unexpected(complain(program, "--admin: " + parsed.error().detail, 2));
    return *std::move(parsed);
  }
  if (of_file.listen) return *of_file.listen;
  return std::unexpected(complain(
      program, "the file has no [admin] address; write, say, [admin] listen = \"127.0.0.1:9901\" (HUP reloads without)",
      2));
}

// Asks it; the exit status where there is no answer.
std::expected<AdminAnswer, int> ask(const std::string& program, const std::string& admin,
                                    const config::AdminConfig& of_file, const Question& question) {
  const auto address = address_of(program, admin, of_file);
  if (!address) return std::unexpected(address.error());
  auto answer = ask_admin(*address, of_file.token, question.path, question.method, question.body);
  if (!answer) return std::unexpected(complain(program, answer.error().detail, 1));
  return *std::move(answer);
}

int unexpected_status(const std::string& program, int status) {
  if (status == 401) return complain(program, "a token is asked for; name the file that has it with -c", 1);
  return complain(program, fmt::format("the answer was {}", status), 1);
}

void print(std::FILE* to, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), to);
  if (!text.ends_with('\n')) std::fputc('\n', to);
}

// The `detail` of a problem answer (admin_problem() escapes it as JSON does), or all of it where there is none.
std::string detail_of(const std::string& problem) {
  constexpr std::string_view kKey = "\"detail\":\"";
  const auto at = problem.find(kKey);
  if (at == std::string::npos) return problem;
  std::string detail;
  for (std::size_t i = at + kKey.size(); i < problem.size() && problem[i] != '"'; ++i) {
    if (problem[i] == '\\' && i + 1 < problem.size()) ++i;
    detail += problem[i];
  }
  return detail;
}

// The last segment of an order's path; empty for a command that is none.
std::string_view word_of(CommandLine::Command order) {
  switch (order) {
    case CommandLine::Command::drain: return "drain";
    case CommandLine::Command::enable: return "enable";
    case CommandLine::Command::disable: return "disable";
    case CommandLine::Command::weight: return "weight";
    default: return {};
  }
}

}  // namespace

std::string ok_line(const std::string& path, std::size_t listeners, std::size_t upstreams) {
  const auto counted = [](std::size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  return fmt::format("{}: OK ({}, {})\n", path, counted(listeners, "listener"), counted(upstreams, "upstream"));
}

int become_user(const std::string& program, const std::string& user) {
  const auto became = become(user);
  return became ? 0 : complain(program, became.error().detail, 1);
}

int print_status(const std::string& program, const std::string& admin, const config::AdminConfig& of_file) {
  const auto answer = ask(program, admin, of_file, {"/status"});
  if (!answer) return answer.error();
  if (answer->status != 200) return unexpected_status(program, answer->status);
  print(stdout, answer->body);
  return 0;
}

int show_top(const std::string& program, const CommandLine& line, const config::AdminConfig& of_file) {
  auto address = address_of(program, line.admin, of_file);
  if (!address) return address.error();
  return top::run(program, {.admin = *std::move(address),
                            .token = of_file.token,
                            .once = line.once,
                            .interval = std::chrono::seconds(line.interval)});
}

int ask_reload(const std::string& program, const std::string& admin, const config::AdminConfig& of_file) {
  const auto answer = ask(program, admin, of_file, {.path = "/reload", .method = "POST"});
  if (!answer) return answer.error();
  if (answer->status != 200 && answer->status != 422) return unexpected_status(program, answer->status);
  const bool done = answer->status == 200;
  print(done ? stdout : stderr, answer->body);
  return done ? 0 : 2;
}

bool is_order(CommandLine::Command command) { return !word_of(command).empty(); }

int give_order(const std::string& program, const CommandLine& line, const config::AdminConfig& of_file) {
  Question question{.path = fmt::format("/upstreams/{}/servers/{}/{}", observe::encode_admin_segment(line.upstream),
                                        observe::encode_admin_segment(line.server), word_of(line.command)),
                    .method = "POST"};
  if (line.command == CommandLine::Command::weight) {
    question.method = "PUT";
    question.body = std::to_string(line.weight);
  }
  const auto answer = ask(program, line.admin, of_file, question);
  if (!answer) return answer.error();
  if (answer->status == 401) return unexpected_status(program, answer->status);
  if (answer->status != 200) return complain(program, detail_of(answer->body), answer->status == 404 ? 2 : 1);
  print(stdout, answer->body);
  return 0;
}

}  // namespace tandem::process
