#include "common/config/shared_sections.h"

#include <pwd.h>
#include <sched.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace tandem::config {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kLeastMemory = 1024 * 1024;

std::uint32_t usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&set)));
}

bool is_loopback(const IpAddress& ip) {
  constexpr std::uint8_t kLoopbackNet = 127;
  return ip.is_v4() ? ip.bytes[12] == kLoopbackNet : ip == *IpAddress::parse("::1");
}

Kind<std::vector<IpEndpoint>> resolvers() {
  Kind<IpEndpoint> one = converted<IpEndpoint>(
      address(), [](const Address& server) { return server.endpoint(); },
      [](const IpEndpoint& server) { return Address(server); });
  one.read = [](Reader& reader, const Value& value, IpEndpoint& to) {
    Address server;
    if (!address().read(reader, value, server)) return false;
    if (server.is_unix() || server.is_any() || server.endpoint().port == 0) {
      return reader.error(value.place, fmt::format("\"{}\" cannot be asked; write a name server's address and port, "
                                                   "such as \"127.0.0.1:53\"",
                                                   server.to_string()));
    }
    to = server.endpoint();
    return true;
  };
  Kind<std::vector<IpEndpoint>> kind = list(std::move(one), "name servers such as [\"127.0.0.1:53\"]");
  kind.show = [show = kind.show](const std::vector<IpEndpoint>& servers) {
    return servers.empty() ? std::nullopt : show(servers);
  };
  return kind;
}

// Somebody whom this machine knows.
Kind<std::string> user() {
  Kind<std::string> kind = unless_empty(text());
  kind.read = [](Reader& reader, const Value& value, std::string& to) {
    const auto name = reader.text(value, "a user's name");
    if (!name) return false;
    if (!getpwnam(name->c_str())) {
      return reader.error(value.place, fmt::format("there is no user {} on this machine", quoted(*name)));
    }
    to = *name;
    return true;
  };
  return kind;
}

}  // namespace

const Section<ProcessConfig>& process_section() {
  static const Section<ProcessConfig> section =
      Section<ProcessConfig>()
          .field("workers", &ProcessConfig::workers, integer<std::uint32_t>(1, 1024),
                 "Threads that carry traffic; by default one per CPU.")
          .no_default()
          .field("drain", &ProcessConfig::drain, duration_or_none(Duration::zero()),
                 "After TERM: how long established connections may go on.")
          .field("upgrade_drain", &ProcessConfig::upgrade_drain, duration_or_none(Duration::zero()),
                 "After USR2: how long the old process may keep its connections.")
          .field("drain_delay", &ProcessConfig::drain_delay, duration(Duration::zero()),
                 "After TERM: how long new connections are still accepted, while those who check see \"draining\".")
          .field("max_connections", &ProcessConfig::max_connections, count_or_none(1),
                 "Client connections of the whole process.")
          .field("max_memory", &ProcessConfig::max_memory, size_or_none(kLeastMemory),
                 "Resident memory above which new work is refused; what runs goes on.")
          .field("user", &ProcessConfig::user, user(),
                 "Who the process becomes once everything is bound, when root starts it; ports below 1024 stay "
                 "possible.")
          .field("resolvers", &ProcessConfig::resolvers, resolvers(),
                 "Name servers that are asked for what upstreams discover; by default the system's (resolv.conf).")
          .no_default();
  return section;
}

const Section<AdminConfig>& admin_section() {
  static const Section<AdminConfig> section =
      Section<AdminConfig>()
          .field("listen", &AdminConfig::listen, maybe(address()),
                 "Where status, metrics and health are served; loopback or a unix socket unless `token` is set.")
          .required()
          .at(&AdminConfig::place)
          .field("token", &AdminConfig::token, secret(), "What callers must send as a bearer token.");
  return section;
}

void settle(ProcessConfig& process) {
  if (process.workers == 0) process.workers = std::min(usable_cpus(), 1024U);
}

void check_admin(Reader& reader, const AdminConfig& admin) {
  if (!admin.listen || admin.token || admin.listen->is_unix()) return;
  if (!admin.listen->is_any() && is_loopback(admin.listen->endpoint().ip)) return;
  reader.error(admin.place,
               fmt::format("admin: listen: others can reach {}; set `token`, or listen on 127.0.0.1, [::1] or a "
                           "unix socket",
                           admin.listen->to_string()));
}

}  // namespace tandem::config
