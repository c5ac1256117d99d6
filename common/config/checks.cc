#include "common/config/checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/suggest.h"

namespace tandem::config {
namespace {

// Whether `wide` listens on what `narrow` listens on too: all addresses of the port, or all of IPv4.
bool covers(const Address& wide, const Address& narrow) {
  static const IpAddress any4 = *IpAddress::parse("0.0.0.0");
  static const IpAddress any6 = *IpAddress::parse("::");
  if (wide.is_any() || wide.endpoint().ip == any6) return true;
  return wide.endpoint().ip == any4 && !narrow.is_any() && narrow.endpoint().ip.is_v4();
}

bool overlap(const Address& a, const Address& b) {
  if (a == b) return true;
  if (a.is_unix() || b.is_unix() || a.endpoint().port != b.endpoint().port) return false;
  return covers(a, b) || covers(b, a);
}

}  // namespace

bool reaches(const Address& server, const Address& listen) {
  if (server.is_unix() || listen.is_unix()) return server == listen;
  const IpEndpoint& to = server.endpoint();
  const IpEndpoint& at = listen.endpoint();
  if (to.port != at.port || at.port == 0) return false;
  static const IpAddress any4 = *IpAddress::parse("0.0.0.0");
  static const IpAddress any6 = *IpAddress::parse("::");
  static const IpAddress loopback6 = *IpAddress::parse("::1");
  const bool to_here =
      to.ip == any4 || to.ip == any6 || to.ip == loopback6 || (to.ip.is_v4() && to.ip.bytes[12] == 127);
  const bool at_all = listen.is_any() || at.ip == any6 || (at.ip == any4 && to.ip.is_v4());
  return to.ip == at.ip || (to_here && at_all);
}

void check_unique(Reader& reader, std::string_view what, std::span<const Defined> things) {
  std::vector<const Defined*> sorted;
  for (const Defined& thing : things) sorted.push_back(&thing);
  std::ranges::sort(sorted, {}, [](const Defined* d) { return std::tie(d->name, d->place); });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i]->name.empty() || sorted[i]->name != sorted[i - 1]->name) continue;
    reader.error(sorted[i]->place, fmt::format("{} {} is already defined at {}", what, quoted(sorted[i]->name),
                                               reader.diagnostics().describe(sorted[i - 1]->place)));
  }
}

std::optional<std::size_t> resolve(Reader& reader, std::string_view what, const std::string& name, Place place,
                                   std::span<const Defined> things) {
  const auto found = std::ranges::find(things, name, &Defined::name);
  if (found != things.end()) return static_cast<std::size_t>(found - things.begin());
  std::vector<std::string> names;
  for (const Defined& thing : things) names.push_back(thing.name);
  reader.error(place, fmt::format("{} {} is not defined{}", what, quoted(name), did_you_mean(name, names)));
  return std::nullopt;
}

void warn_unused(Reader& reader, std::string_view what, std::span<const Defined> things,
                 const std::vector<bool>& used) {
  for (std::size_t i = 0; i < things.size(); ++i) {
    if (!used[i]) reader.warning(things[i].place, fmt::format("{} {}: nothing uses it", what, quoted(things[i].name)));
  }
}

void check_listening(Reader& reader, std::span<const Listening> all) {
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (!all[i].address.is_unix() && all[i].address.endpoint().port == 0) continue;
    const auto before = all.first(i);
    const auto other =
        std::ranges::find_if(before, [&](const Listening& one) { return overlap(one.address, all[i].address); });
    if (other == before.end()) continue;
    const bool same = other->address == all[i].address;
    reader.error(all[i].place, fmt::format("{}: listen: \"{}\" {} of {} at {}", all[i].what, all[i].address.to_string(),
                                           same ? "is already the address" : "overlaps the address", other->what,
                                           reader.diagnostics().describe(other->place)));
  }
}

void check_loop(Reader& reader, const Address& listen, Place place, const balance::UpstreamOptions& upstream) {
  for (const balance::ServerOptions& server : upstream.servers) {
    if (!reaches(server.address, listen)) continue;
    reader.error(place, fmt::format("listen: a loop: \"{}\" is also reached as server \"{}\" of upstream {}",
                                    listen.to_string(), server.address.to_string(), quoted(upstream.name)));
  }
}

std::string read_quick(std::string_view listen, const std::vector<std::string>& to, Address& address,
                       balance::UpstreamOptions& upstream) {
  std::string errors;
  auto listening = Address::parse(listen);
  if (listening) {
    address = *std::move(listening);
  } else {
    errors += fmt::format("--listen: {}\n", listening.error().detail);
  }
  for (const std::string& text : to) {
    if (balance::DnsSource::is_meant(text)) {
      const auto source = balance::DnsSource::parse(text);
      if (!source) {
        errors += fmt::format("--to: \"{}\"{}\n", text, source.error().detail);
      } else if (to.size() > 1) {
        errors += fmt::format("--to: \"{}\" cannot stand beside other servers\n", text);
      } else {
        upstream.discovery = *source;
      }
      continue;
    }
    const auto server = Address::parse(text);
    const auto same = [&](const balance::ServerOptions& s) { return s.address == *server; };
    if (!server) {
      errors += fmt::format("--to: {}\n", server.error().detail);
    } else if (server->is_any() || (!server->is_unix() && server->endpoint().port == 0)) {
      errors += fmt::format("--to: \"{}\" cannot be connected to; write the server's host and port\n", text);
    } else if (reaches(*server, address)) {
      errors += fmt::format("--to: a loop: \"{}\" is the address of --listen\n", text);
    } else if (std::ranges::any_of(upstream.servers, same)) {
      errors += fmt::format("--to: \"{}\" is given twice\n", text);
    } else {
      upstream.servers.push_back({.address = *server, .name = server->to_string()});
    }
  }
  if (to.empty()) errors += "--to: at least one server's address is needed\n";
  upstream.name = "servers";
  return errors;
}

}  // namespace tandem::config
