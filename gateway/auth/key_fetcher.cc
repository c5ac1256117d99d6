#include "gateway/auth/key_fetcher.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/async/sleep.h"
#include "common/base/log.h"
#include "gateway/auth/find_keys.h"

namespace tandem::gateway {

using namespace std::chrono_literals;

// A source that is followed. Held by its coroutine, which ends soon after `scope` is cancelled.
struct KeyFetcher::Watched {
  Watched(std::shared_ptr<RemoteKeys> of, const AuthConfig& provider, async::CancelScope& all)
      : keys(std::move(of)), name(provider.name), config(provider.jwt), scope(all) {}

  const std::shared_ptr<RemoteKeys> keys;
  const std::string name;
  JwtConfig config;
  unsigned failures = 0;  // in a row
  async::CancelScope scope;
};

namespace {

constexpr std::string_view kNote = "jwks";
constexpr Duration kUnsaid = 5min;  // how long keys are used where the issuer says nothing
constexpr Duration kLongestPause = 30s;

std::string identity_of(const AuthConfig& provider) {
  const JwksConfig& jwks = provider.jwt.jwks;
  return fmt::format("{}\n{}\n{}", provider.name, provider.jwt.source->to_string(), jwks.trust.verify);
}

// Until `due`, or sooner where somebody asks, but not before `earliest`. False: there is to be no further fetch.
async::Task<bool> pause(RemoteKeys& keys, Instant due, Instant earliest) {
  while (!keys.is_asked_for()) {
    const auto woken = co_await keys.woken().wait(std::max(due, earliest));
    if (woken) continue;
    if (woken.error().reason != "timeout") co_return false;
    break;
  }
  co_return (co_await async::sleep_until(earliest)).has_value();
}

}  // namespace

KeyFetcher::~KeyFetcher() = default;

std::shared_ptr<RemoteKeys> KeyFetcher::keys_of(const AuthConfig& provider) {
  if (!provider.jwt.source) return nullptr;
  std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<RemoteKeys>& place = known_[identity_of(provider)];
  auto keys = place.lock();
  if (keys) return keys;
  place = keys = std::make_shared<RemoteKeys>(provider.name, provider.jwt.source->to_string());
  inherit(identity_of(provider), *keys);
  return keys;
}

// A note is the second in which the keys were fetched, a line's end, and the text that they were read from.
std::vector<process::ProgramNote> KeyFetcher::notes() const {
  std::vector<process::ProgramNote> notes;
  for (const auto& [identity, watched] : watched_) {
    const auto known = watched->keys->source_text();
    if (!known) continue;
    const auto second = std::chrono::floor<std::chrono::seconds>(known->second).time_since_epoch().count();
    notes.push_back({std::string(kNote), identity, fmt::format("{}\n{}", second, known->first)});
  }
  return notes;
}

void KeyFetcher::recall(std::vector<process::ProgramNote> notes) {
  std::erase_if(notes, [](const auto& note) { return note.kind != kNote; });
  recalled_ = std::move(notes);
}

void KeyFetcher::inherit(const std::string& identity, RemoteKeys& keys) {
  const auto note = std::ranges::find(recalled_, identity, &process::ProgramNote::name);
  if (note == recalled_.end()) return;
  const std::size_t line_end = std::min(note->text.find('\n'), note->text.size());
  std::int64_t second = 0;
  const auto [end, error] = std::from_chars(note->text.data(), note->text.data() + line_end, second);
  if (error != std::errc() || end != note->text.data() + line_end || line_end == note->text.size()) return;
  std::string text = note->text.substr(line_end + 1);
  auto parsed = jose::parse_key_set(text, false);
  if (!parsed) return;
  keys.inherit(std::make_shared<const jose::KeySet>(std::move(parsed->set)), std::move(text),
               WallTime(std::chrono::seconds(second)));
}

void KeyFetcher::follow(const std::vector<AuthConfig>& providers, std::vector<IpEndpoint> resolvers) {
  resolvers_ = std::move(resolvers);
  recalled_.clear();
  auto before = std::exchange(watched_, {});
  for (const AuthConfig& provider : providers) {
    if (!provider.jwt.source) continue;
    std::shared_ptr<Watched>& place = watched_[identity_of(provider)];
    if (auto known = before.extract(identity_of(provider))) {
      place = std::move(known.mapped());
      place->config = provider.jwt;
      continue;
    }
    place = std::make_shared<Watched>(keys_of(provider), provider, fetches_.scope());
    place->keys->start(net::Reactor::current());
    fetches_.spawn(watch(place));
  }
  for (const auto& [identity, gone] : before) {
    gone->keys->stop();
    gone->scope.cancel(Error{Origin::internal, "stopped", false, {}});
  }
}

async::Task<void> KeyFetcher::watch(std::shared_ptr<Watched> watched) {
  RemoteKeys& keys = *watched->keys;
  while (!watched->scope.cancelled()) {
    const Instant begun = now();
    const JwksConfig jwks = watched->config.jwks;
    FetchOptions options;
    options.resolvers = resolvers_;
    options.deadline = deadline_after(begun, jwks.timeout);
    keys.begin_fetch();
    async::CancelScope limit(watched->scope);  // looking up names knows no deadline
    limit.set_deadline(options.deadline, Origin::upstream, "upstream_timeout");
    FoundKeys found = co_await async::within(limit, find_keys(watched->config, std::move(options)));
    if (watched->scope.cancelled()) co_return;
    const Duration next = take(*watched, std::move(found));
    const Instant due = deadline_after(now(), next), earliest = begun + jwks.refetch;
    if (!co_await async::within(watched->scope, pause(keys, due, earliest))) co_return;
  }
}

// Gives how long the next fetch may be off.
Duration KeyFetcher::take(Watched& watched, FoundKeys found) {
  const JwksConfig& jwks = watched.config.jwks;
  const bool had_none = watched.keys->version() == 0;
  if (!found.set) {
    if (watched.failures++ == 0) {
      log_warn("auth \"{}\": its keys cannot be fetched: {}; {}", watched.name, found.why,
               had_none ? "there are none yet, so that whoever calls is answered 503" : "those of before stay");
    }
    watched.keys->failed(std::move(found.why));
    return std::min<Duration>(kLongestPause, 1s * (1U << std::min(watched.failures - 1, 5U)));
  }
  std::vector<std::string> names;
  for (const jose::Key& key : found.set->keys) names.push_back(key.describe());
  const bool changed = watched.keys->take(std::move(found.set), std::move(found.text));
  if (changed) {
    log_info("auth \"{}\": the issuer's keys are {}", watched.name, fmt::join(names, "; "));
    for (const std::string& why : found.left_out) log_info("auth \"{}\": left out: {}", watched.name, why);
  }
  if (std::exchange(watched.failures, 0) > 0 && !changed) {
    log_info("auth \"{}\": its keys can be fetched again", watched.name);
  }
  return std::clamp(found.fresh.value_or(kUnsaid), jwks.refresh_min, jwks.refresh_max);
}

async::Task<void> KeyFetcher::stop() {
  for (const auto& [identity, watched] : watched_) watched->keys->stop();
  watched_.clear();
  fetches_.cancel(Error{Origin::internal, "stopped", false, {}});
  co_await fetches_.until_empty();
}

}  // namespace tandem::gateway
