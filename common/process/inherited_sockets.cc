#include "common/process/inherited_sockets.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/log.h"

namespace tandem::process {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr int kMost = 4096;

std::optional<int> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (!text) return std::nullopt;
  int number = 0;
  const std::string_view all(text);
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), number);
  if (error != std::errc() || end != all.data() + all.size()) return std::nullopt;
  return number;
}

// LISTEN_FDNAMES: by colons, in the order of the descriptors.
std::string name_of(std::string_view names, int index) {
  for (int i = 0; i < index; ++i) {
    const auto colon = names.find(':');
    if (colon == std::string_view::npos) return {};
    names.remove_prefix(colon + 1);
  }
  return std::string(names.substr(0, names.find(':')));
}

}  // namespace

InheritedSockets InheritedSockets::from_service_manager() {
  InheritedSockets sockets;
  if (number_in("LISTEN_PID") != getpid()) return sockets;  // meant for another process
  const int count = number_in("LISTEN_FDS").value_or(0);
  const char* names = std::getenv("LISTEN_FDNAMES");
  const std::string all_names = names ? names : "";
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(variable);
  if (count < 0 || count > kMost) {
    log_warn("socket activation: LISTEN_FDS = {} makes no sense and is ignored", count);
    return sockets;
  }
  for (int i = 0; i < count; ++i) {
    const std::string name = name_of(all_names, i);
    auto socket = net::take_over_listening(net::Socket(kFirst + i));
    if (!socket) {
      log_warn("socket activation: descriptor {} (\"{}\") is closed: {}", kFirst + i, name, socket.error().detail);
      continue;
    }
    const Address address = net::listening_address(*socket);
    sockets.add({name, address}, std::move(*socket));
  }
  return sockets;
}

void InheritedSockets::add(ListenerAddress place, net::Socket socket) {
  all_.push_back({std::move(place), std::move(socket)});
}

net::Sockets InheritedSockets::take(const ListenerAddress& listener) {
  net::Sockets taken;
  for (Entry& entry : all_) {
    if (entry.socket.is_open() && same_listener(entry.place, listener)) taken.push_back(std::move(entry.socket));
  }
  return taken;
}

std::vector<bool> InheritedSockets::close_rest() {
  std::vector<bool> used;
  for (const Entry& entry : all_) {
    used.push_back(!entry.socket.is_open());
    if (used.back()) continue;
    log_warn("the socket \"{}\" that was passed, listening at {}, is closed: nothing is configured there",
             entry.place.name, entry.place.address.to_string());
  }
  all_.clear();
  return used;
}

}  // namespace tandem::process
