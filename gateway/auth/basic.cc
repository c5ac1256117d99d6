#include "gateway/auth/basic.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/limit/key.h"
#include "common/net/off_loop.h"
#include "gateway/auth/consumer.h"
#include "gateway/exchange.h"
#include "gateway/passwords/basic_credential.h"

namespace tandem::gateway {
namespace {

using passwords::PasswordHash;

constexpr std::string_view kOverloaded = "overloaded", kUnavailable = "auth_unavailable";
constexpr std::uint64_t kTheseUsers = 0;                 // they are those of the configuration, as long as it lasts
constexpr Duration kPatience = std::chrono::seconds(5);  // then a queue of hashes is no help any more
constexpr std::uint32_t kMostOfAddress = 16;  // that are checked or wait at a time: a flood of wrong ones ...
constexpr std::size_t kMostWaiting = 256;     // ... from one address leaves room for the others

// Of the whole process: half of the pool's threads, so that hashing has a bounded share of processors and of memory.
net::Lane& lane() {
  static net::Lane passwords(2, kMostWaiting);
  return passwords;
}

std::string new_salt() {
  std::array<unsigned char, 32> salt{};
  if (RAND_bytes(salt.data(), salt.size()) != 1) return {};
  return {reinterpret_cast<const char*>(salt.data()), salt.size()};
}

// One of those of an address that are at work, until it goes out of scope.
class Place {
 public:
  Place(limit::OpenCounts& counts, const limit::Key& address)
      : counts_(counts), address_(address), taken_(counts.try_enter(address, kMostOfAddress)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (taken_) counts_.leave(address_);
  }
  explicit operator bool() const { return taken_; }

 private:
  limit::OpenCounts& counts_;
  const limit::Key address_;
  const bool taken_;
};

std::unexpected<AuthRefusal> refused(std::string_view why) { return std::unexpected(AuthRefusal{std::string(why)}); }

}  // namespace

Basic::Basic(const AuthConfig& config, std::shared_ptr<AuthHistory> history)
    : Provider(config, std::move(history)), salt_(new_salt()) {
  std::unordered_map<std::string, const ConsumerConfig*> consumers;
  for (const ConsumerConfig& consumer : config.basic.consumers) consumers.emplace(consumer.name, &consumer);
  for (const passwords::User& user : config.basic.users) {
    ConsumerConfig plain;
    plain.name = user.name;
    const auto known = consumers.find(user.name);
    by_name_.emplace(user.name, users_.size());
    users_.push_back({user.hash, identity_of(config.name, known == consumers.end() ? plain : *known->second)});
  }
}

Verified::Hash Basic::mark_of(std::string_view credential) const {
  return Verified::hash(std::string(salt_).append(credential));
}

std::shared_ptr<const Identity> Basic::recall(std::string_view credential, const Exchange&) const {
  if (config().basic.remember == Duration::zero()) return nullptr;
  return verified_.find(mark_of(credential), kTheseUsers, wall_now());
}

async::Task<AuthVerdict> Basic::verify(std::string_view credential, Exchange& exchange) const {
  if (salt_.empty()) co_return std::unexpected(AuthRefusal{"the system has no randomness", kUnavailable});
  const Verified::Hash mark = mark_of(credential);
  co_return co_await flights_.share(mark, [&] { return look(credential, mark, exchange); });
}

async::Task<AuthVerdict> Basic::look(std::string_view credential, const Verified::Hash& mark,
                                     const Exchange& exchange) const {
  auto shown = passwords::parse_basic(credential);
  if (!shown) co_return refused(shown.error());
  const Place place(history().at_work, limit::source(exchange.client));
  if (!place) {
    co_return std::unexpected(AuthRefusal{"too many passwords of this address are being checked", kOverloaded});
  }
  const auto known = by_name_.find(shown->name);
  const std::size_t stand_in = Verified::hash(salt_ + shown->name)[0] % users_.size();
  const std::size_t user = known == by_name_.end() ? stand_in : known->second;
  const auto answer = co_await lane().run<PasswordHash::Answer>(
      [hash = users_[user].hash, password = std::move(shown->password)]() mutable {
        const auto found = hash.check(password);
        OPENSSL_cleanse(password.data(), password.size());
        return found;
      },
      async::Scheduler::current().now() + kPatience);
  if (!answer) {
    const bool late = answer.error().reason == "timeout" || answer.error().reason == kOverloaded;
    co_return std::unexpected(late ? AuthRefusal{"too many passwords wait to be checked", kOverloaded}
                                   : AuthRefusal{answer.error().detail, answer.error().reason});
  }
  if (*answer == PasswordHash::Answer::failed) {
    co_return std::unexpected(AuthRefusal{"the hash could not be computed", kUnavailable});
  }
  if (known == by_name_.end()) co_return refused("nobody has this name");
  if (*answer == PasswordHash::Answer::wrong) co_return refused("the password is wrong");
  const WallTime now = wall_now();
  verified_.add(mark, kTheseUsers, now + config().basic.remember, now, users_[user].identity);
  co_return users_[user].identity;
}

std::string Basic::challenge(bool) const {
  return fmt::format("Basic realm=\"{}\", charset=\"UTF-8\"", config().basic.realm);
}

}  // namespace tandem::gateway
