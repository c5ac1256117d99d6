#include "common/balance/discovery.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/async/sleep.h"
#include "common/base/log.h"

namespace tandem::balance {

// An upstream that is followed. Held by its coroutine, which ends soon after `scope` is cancelled.
struct Discovery::Watched {
  Watched(std::shared_ptr<Upstream> of, DnsSource from, async::CancelScope& all)
      : upstream(std::move(of)), source(std::move(from)), known(upstream->shared().latest_servers()), scope(all) {}

  std::shared_ptr<Upstream> upstream;  // of the generation in force
  const DnsSource source;
  Discovered known;
  bool looked = false;  // once at least
  bool warned = false;  // that there is no whole answer; until there is one
  bool warned_of_own = false;
  async::CancelScope scope;
};

namespace {

std::string count_text(std::size_t count) { return fmt::format("{} server{}", count, count == 1 ? "" : "s"); }

// " (+127.0.0.1:1 -127.0.0.1:2 …)"; what only has another weight is not named.
std::string changes_text(std::span<const ServerOptions> before, std::span<const ServerOptions> after) {
  constexpr std::size_t kMostNamed = 8;
  std::string text;
  std::size_t named = 0;
  const auto name = [&](char sign, std::span<const ServerOptions> of, std::span<const ServerOptions> others) {
    for (const ServerOptions& server : of) {
      if (std::ranges::find(others, server.address, &ServerOptions::address) != others.end()) continue;
      if (++named <= kMostNamed) text += fmt::format("{}{}{}", text.empty() ? " (" : " ", sign, server.name);
    }
  };
  name('+', after, before);
  name('-', before, after);
  if (text.empty()) return text;
  return text + (named > kMostNamed ? " …)" : ")");
}

}  // namespace

Discovery::~Discovery() = default;

void Discovery::follow(std::span<const std::shared_ptr<Upstream>> upstreams, std::vector<IpEndpoint> resolvers) {
  if (stopped_) return;
  const bool same_resolvers = resolvers == resolvers_;
  resolvers_ = std::move(resolvers);
  std::vector<std::shared_ptr<Watched>> before = std::exchange(watched_, {});
  for (const auto& upstream : upstreams) {
    if (!upstream->options().discovery) continue;
    const DnsSource& source = *upstream->options().discovery;
    const auto known = std::ranges::find_if(before, [&](const auto& one) {
      return one && one->source == source && one->upstream->name() == upstream->name();
    });
    if (known != before.end() && same_resolvers) {
      (*known)->upstream = upstream;
      watched_.push_back(std::exchange(*known, nullptr));
      continue;
    }
    upstream->shared().set_discovery({});
    watched_.push_back(std::make_shared<Watched>(upstream, source, looks_.scope()));
    looks_.spawn(watch(watched_.back()));
  }
  for (const auto& gone : before) {
    if (gone) gone->scope.cancel(Error{Origin::internal, "stopped", false, {}});
  }
}

async::Task<void> Discovery::watch(std::shared_ptr<Watched> watched) {
  while (!watched->scope.cancelled()) {
    Finding finding = co_await async::within(watched->scope, look_up(watched->source, resolvers_));
    if (watched->scope.cancelled()) co_return;
    take(*watched, std::move(finding));
    (void)co_await async::within(watched->scope, async::sleep_for(watched->known.next_in()));
  }
}

// A name that leads back to this program would make it its own server, over and over.
void Discovery::leave_out_own(Watched& watched, Finding& finding) const {
  const auto own = std::erase_if(finding.servers, [&](const auto& server) { return options_.is_own(server.address); });
  if (own == 0) return;
  if (!std::exchange(watched.warned_of_own, true)) {
    log_warn("upstream \"{}\": {} leads to an address that this program listens on: it is left out",
             watched.upstream->name(), watched.source.to_string());
  }
  if (!finding.servers.empty()) return;
  finding.kind = Finding::Kind::failed;
  finding.why = "it leads to this program alone";
}

void Discovery::take(Watched& watched, Finding finding) {
  leave_out_own(watched, finding);
  UpstreamState& state = watched.upstream->shared();
  const std::vector<ServerOptions> before = watched.known.servers();
  const bool good = finding.why.empty();
  const bool has_servers = !finding.servers.empty();
  const bool changed = watched.known.take(std::move(finding));
  const Discovered& known = watched.known;
  const auto answered = has_servers ? std::optional(wall_now()) : state.discovery().answered_at;
  state.set_discovery({answered, known.ttl(), known.why()});
  const std::string what = fmt::format("upstream \"{}\": {}", watched.upstream->name(), watched.source.to_string());
  if (!good && !std::exchange(watched.warned, true)) {
    log_warn("{} gives no {}answer: {}; it {} {}", what, has_servers ? "whole " : "", known.why(),
             known.servers().empty() ? "has" : "keeps its",
             known.servers().empty() ? "no server until there is one" : count_text(known.servers().size()));
  } else if (good && std::exchange(watched.warned, false)) {
    log_info("{} answers again", what);
  }
  if (changed) {
    log_at(watched.looked ? LogLevel::info : LogLevel::debug, "{}: {}{}", what, count_text(known.servers().size()),
           changes_text(before, known.servers()));
    state.set_latest_servers(known.servers());
  }
  watched.looked = true;
  if (all_looked_at()) first_round_ended_.set();
  if (changed && options_.on_change) options_.on_change();
}

async::Task<Result<void>> Discovery::until_first_round() {
  if (all_looked_at()) co_return Result<void>{};
  co_return co_await first_round_ended_.wait();
}

bool Discovery::all_looked_at() const {
  return std::ranges::all_of(watched_, [](const auto& one) { return one->looked; });
}

async::Task<void> Discovery::stop() {
  stopped_ = true;
  watched_.clear();
  looks_.cancel(Error{Origin::internal, "stopped", false, {}});
  co_await looks_.until_empty();
}

}  // namespace tandem::balance
