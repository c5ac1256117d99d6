#include "gateway/auth/remote_keys.h"

#include <algorithm>
#include <utility>

namespace tandem::gateway {
namespace {

Counter fetches(const std::string& provider, const char* result) {
  return Counters::counter("gateway_jwks_fetches_total", "Fetches of an issuer's keys, by how they ended",
                           {{"provider", provider}, {"result", result}});
}

}  // namespace

RemoteKeys::RemoteKeys(std::string provider, std::string source)
    : provider_(std::move(provider)),
      source_(std::move(source)),
      good_(fetches(provider_, "done")),
      bad_(fetches(provider_, "failed")) {}

PublishedKeys RemoteKeys::present() const {
  const std::scoped_lock lock(mutex_);
  return present_;
}

bool RemoteKeys::is_asked() const {
  return std::ranges::any_of(waiting_, [&](const auto& one) { return one->fetch > begun_; });
}

bool RemoteKeys::is_asked_for() const {
  const std::scoped_lock lock(mutex_);
  return is_asked();
}

// Who has no keys does not wait for the next try behind one that has failed: that would be a long one.
bool RemoteKeys::awaits_nothing(std::uint64_t seen) const {
  return stopped_ || present_.version != seen || (seen == 0 && ended_ > 0 && begun_ == ended_);
}

async::Task<PublishedKeys> RemoteKeys::newer_than(std::uint64_t seen) {
  const auto place = std::make_shared<Waiting>(net::Reactor::current());
  {
    const std::scoped_lock lock(mutex_);
    if (awaits_nothing(seen)) co_return present_;
    place->fetch = seen == 0 ? ended_ + 1 : begun_ + 1;
    if (control_ && place->fetch > begun_ && !is_asked()) control_->post([woken = woken_] { woken->set(); });
    waiting_.push_back(place);
  }
  (void)co_await place->done.wait(deadline_after(now(), kPatience));  // a cancelled scope ends it too
  const std::scoped_lock lock(mutex_);
  std::erase(waiting_, place);
  co_return present_;
}

void RemoteKeys::start(net::Reactor& control) {
  const std::scoped_lock lock(mutex_);
  control_ = &control;
  stopped_ = false;
}

void RemoteKeys::stop() {
  const std::scoped_lock lock(mutex_);
  control_ = nullptr;
  stopped_ = true;
  end_fetch(true);
}

void RemoteKeys::begin_fetch() {
  const std::scoped_lock lock(mutex_);
  ++begun_;
}

bool RemoteKeys::take(std::shared_ptr<const jose::KeySet> set, std::string text) {
  good_.add();
  const std::scoped_lock lock(mutex_);
  fetched_at_ = wall_now();
  present_.why.clear();
  const bool changed = present_.version == 0 || text != text_;
  if (changed) {
    text_ = std::move(text);
    present_.set = std::move(set);
    ++present_.version;
    version_.store(present_.version, std::memory_order_release);
  }
  end_fetch(changed);
  return changed;
}

void RemoteKeys::inherit(std::shared_ptr<const jose::KeySet> set, std::string text, WallTime fetched_at) {
  const std::scoped_lock lock(mutex_);
  present_ = {1, std::move(set), {}};
  text_ = std::move(text);
  fetched_at_ = fetched_at;
  version_.store(present_.version, std::memory_order_release);
}

std::optional<std::pair<std::string, WallTime>> RemoteKeys::source_text() const {
  const std::scoped_lock lock(mutex_);
  if (!present_.set || !fetched_at_) return std::nullopt;
  return std::pair(text_, *fetched_at_);
}

void RemoteKeys::failed(std::string why) {
  bad_.add();
  const std::scoped_lock lock(mutex_);
  present_.why = std::move(why);
  end_fetch(false);
}

// Who waits is in the list, so its coroutine, and with that its reactor, are still there.
void RemoteKeys::end_fetch(bool changed) {
  ended_ = begun_;
  for (const auto& place : waiting_) {
    if (changed || place->fetch <= ended_) place->reactor.post([place] { place->done.set(); });
  }
}

void RemoteKeys::write_status(JsonWriter& json) const {
  const std::scoped_lock lock(mutex_);
  json.member("source", source_);
  json.key("keys").begin_array();
  if (present_.set) {
    for (const jose::Key& key : present_.set->keys) json.value(key.describe());
  }
  json.end_array().key("fetched");
  fetched_at_ ? json.value(to_rfc3339(*fetched_at_)) : json.null();
  json.member_or_null("error", present_.why);
}

}  // namespace tandem::gateway
