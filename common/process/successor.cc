#include "common/process/successor.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>

#include <fmt/format.h>

#include "common/async/sleep.h"
#include "common/process/passing.h"

namespace tandem::process {
namespace {

using namespace std::chrono_literals;
constexpr Duration kPatience = 2min;  // loading and the first round of checks
constexpr Duration kEnding = 5s;      // for a process that has closed its end of the link
constexpr Duration kLook = 10ms;
constexpr int kLink = 3;  // in the new process

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment() {
  std::vector<std::string> all;
  for (char** variable = environ; *variable; ++variable) all.emplace_back(*variable);
  all.push_back(fmt::format("{}={}", kLinkVariable, kLink));
  return all;
}

// Everything else of ours is closed there (close-on-exec), and no signal blocked.
Result<pid_t> spawn(std::vector<std::string> arguments, int link) {
  std::vector<std::string> variables = environment();
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, link, kLink);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, arguments.front().c_str(), &files, &attributes, pointers(arguments).data(),
                                 pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return fail_errno(Origin::internal, "upgrade", fmt::format("{} cannot be started", arguments.front()), error);
  }
  return pid;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was killed by signal {}", WTERMSIG(status));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

std::optional<std::vector<bool>> read_ready(std::string_view message, std::size_t sockets) {
  if (!message.starts_with(kReady)) return std::nullopt;
  message.remove_prefix(kReady.size());
  if (message.size() != sockets || message.find_first_not_of("01") != std::string_view::npos) return std::nullopt;
  std::vector<bool> used;
  for (const char c : message) used.push_back(c == '1');
  return used;
}

}  // namespace

Result<std::unique_ptr<Successor>> Successor::start(std::vector<std::string> arguments, const std::string& state,
                                                    const std::vector<int>& sockets) {
  auto link = make_link();
  if (!link) return std::unexpected(std::move(link.error()));
  auto& [ours, its] = *link;
  if (auto sent = send_state(ours, state, sockets); !sent) return std::unexpected(std::move(sent.error()));
  const auto pid = spawn(std::move(arguments), its.fd());
  if (!pid) return std::unexpected(pid.error());
  return std::unique_ptr<Successor>(new Successor(*pid, std::move(ours)));
}

Successor::~Successor() { kill(); }

void Successor::kill() {
  if (!running_) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  running_ = false;
}

async::Task<Result<std::vector<bool>>> Successor::until_ready(std::size_t sockets) {
  std::string message(kReady.size() + sockets + 1, '\0');
  if (auto opened = link_.open(); !opened) co_return std::unexpected(std::move(opened.error()));
  const auto got = co_await link_.read_some(message, deadline_after(now(), kPatience));
  const auto failed = [](std::string why) { return fail(Origin::internal, "upgrade", std::move(why)); };
  if (!got && got.error().reason != "reset") {
    if (got.error().reason != "timeout") co_return std::unexpected(got.error());
    kill();
    co_return failed(fmt::format("process {} was not ready within {} s", pid_,
                                 std::chrono::floor<std::chrono::seconds>(kPatience).count()));
  }
  if (got && *got > 0) {
    if (auto used = read_ready(std::string_view(message).substr(0, *got), sockets)) co_return *std::move(used);
    kill();
    co_return failed(fmt::format("process {} said what makes no sense", pid_));
  }
  co_return failed(co_await until_ended());
}

// It has closed the link: it is ending, or something is wrong with it.
async::Task<std::string> Successor::until_ended() {
  const Instant deadline = now() + kEnding;
  int status = 0;
  while (now() < deadline) {
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended != 0) running_ = false;
    if (ended > 0) co_return fmt::format("process {} {}", pid_, how_it_ended(status));
    if (ended < 0) co_return fmt::format("process {} has ended", pid_);  // whoever started us does not want to know how
    if (!co_await async::sleep_for(kLook)) break;
  }
  kill();
  co_return fmt::format("process {} gave up", pid_);
}

void Successor::end() {
  if (!running_) return;
  ::kill(pid_, SIGTERM);
  let_be();
}

void Successor::let_be() {
  running_ = false;
  link_.close();
  std::signal(SIGCHLD, SIG_IGN);  // should it end before us, it leaves no zombie
}

}  // namespace tandem::process
