#include "common/process/predecessor.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "common/process/passing.h"
#include "common/process/upgrade_state.h"

namespace tandem::process {

Result<std::optional<Predecessor>> Predecessor::from_environment() {
  const char* variable = std::getenv(kLinkVariable);
  if (!variable) return std::nullopt;
  int fd = -1;
  std::from_chars(variable, variable + std::strlen(variable), fd);
  unsetenv(kLinkVariable);
  const auto unusable = [](std::string why) {
    return fail(Origin::internal, "upgrade", std::string("upgrade: ") + std::move(why));
  };
  Predecessor predecessor;
  predecessor.link_ = take_over_link(fd);
  if (!predecessor.link_.is_open()) return unusable(std::string(kLinkVariable) + " names no process before this one");
  auto received = receive_state(predecessor.link_);
  if (!received) return unusable(received.error().detail);
  auto state = read_upgrade_state(received->state);
  if (!state) return unusable(state.error().detail);
  if (state->sockets.size() != received->sockets.size()) return unusable("not as many sockets as were announced");
  for (std::size_t i = 0; i < state->sockets.size(); ++i) {
    auto socket = net::take_over_listening(std::move(received->sockets[i]));
    if (!socket) return unusable(socket.error().detail);
    predecessor.sockets.add(std::move(state->sockets[i]), std::move(*socket));
  }
  predecessor.servers = std::move(state->servers);
  predecessor.discovered = std::move(state->discovered);
  predecessor.notes = std::move(state->notes);
  return predecessor;
}

bool Predecessor::tell_ready(const std::vector<bool>& used) {
  std::string message(kReady);
  for (const bool one : used) message += one ? '1' : '0';
  return link_.write(message).ok();
}

}  // namespace tandem::process
