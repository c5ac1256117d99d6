#include "gateway/redis/client.h"

#include <tuple>
#include <utility>

#include "common/async/scheduler.h"
#include "common/async/sleep.h"
#include "common/base/log.h"
#include "gateway/redis/open.h"

namespace tandem::redis {
namespace {

using namespace std::chrono_literals;
constexpr Duration kOpenTimeout = 2s;
constexpr Duration kPause = 200ms;  // between two tries

std::unexpected<Error> unavailable(std::string why) {
  return fail(Origin::upstream, "redis_unavailable", std::move(why));
}

// Whether an error is about one call only; others are about the server: it is loading, a replica, out of memory …
bool is_of_the_call(std::string_view error) { return error.contains("WRONGTYPE"); }

}  // namespace

Client::Client(std::shared_ptr<const Options> options, std::shared_ptr<Health> health, std::vector<std::string> probe)
    : options_(std::move(options)), health_(std::move(health)), probe_(std::move(probe)) {}

Client::~Client() {
  if (down_) health_->left_while_down();
}

void Client::start(async::TaskGroup& group) {
  group.spawn(async::within(scope_.emplace(group.scope()), keep(shared_from_this())));
}

void Client::stop() { scope_->cancel(Error{Origin::internal, "stopped", false, {}}); }

bool Client::configure(std::shared_ptr<const Options> options) {
  const auto identity = [](const Options& of) {
    const std::string tls =
        of.tls ? of.tls->verify + '\n' + of.tls->server_name + '\n' + of.tls->certificate : std::string();
    return std::tuple(to_text(of.target), of.username, of.password, of.database, of.prefix, of.tls.has_value(), tls);
  };
  if (identity(*options) != identity(*options_)) return false;
  options_ = std::move(options);
  return true;
}

void Client::wake() {
  for (async::Event* one : std::exchange(waiting_, {})) one->set();
}

// A worker that has just begun is worth a moment's patience; one that knows of an outage is not.
async::Task<void> Client::until_decided(Instant deadline) {
  if (link_ || down_ || stopped()) co_return;
  async::Event decided;
  waiting_.push_back(&decided);
  (void)co_await decided.wait(deadline);
  std::erase(waiting_, &decided);
}

void Client::set_down(std::string_view why) {
  if (std::exchange(down_, true)) {
    health_->still_down(why);
  } else {
    health_->went_down(why);
  }
  wake();
}

void Client::set_up() {
  if (std::exchange(down_, false)) health_->came_up();
  wake();
}

async::Task<void> Client::keep(std::shared_ptr<Client> self) {
  while (!stopped()) {
    const std::shared_ptr<const Options> options = options_;
    auto stream = co_await open(*options, probe_, async::Scheduler::current().now() + kOpenTimeout);
    if (stopped()) co_return;
    if (stream) {
      Link link(*std::move(stream), *this);
      link_ = &link;
      set_up();
      const std::string why = co_await link.run();
      link_ = nullptr;
      if (stopped()) co_return;
      set_down(why);
    } else {
      set_down(stream.error());
    }
    if (!co_await async::sleep_for(kPause)) co_return;
  }
}

async::Task<Result<Reply>> Client::call(std::span<const std::string_view> words, Instant deadline) {
  co_await until_decided(deadline);
  if (!link_ || link_->late()) co_return unavailable("there is no connection");
  Link::Call call;
  if (!link_->send(words, call)) co_return unavailable("too many calls wait already");
  auto waited = co_await call.done.wait(deadline);
  // This thread may have been too busy to look at what has come in time.
  if (!waited && waited.error().reason == "timeout" && call.link) call.link->take_in();
  if (call.reply) co_return *std::move(call.reply);
  if (waited || !call.link) co_return unavailable("the connection has ended");
  if (waited.error().reason != "timeout") {
    call.link->forget(call);
    co_return std::unexpected(std::move(waited.error()));
  }
  call.link->give_up(call);
  co_return unavailable("there was no answer in time");
}

async::Task<Result<Reply>> Client::run(const Script& script, std::span<const std::string_view> keys,
                                       std::span<const std::string_view> arguments) {
  const Instant began = now();
  const Instant deadline = async::Scheduler::current().now() + options_->timeout;
  const std::string count = std::to_string(keys.size());
  std::vector<std::string_view> words = {"EVALSHA", script.sha, count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto reply = co_await call(words, deadline);
  if (reply && reply->is_error() && reply->text.starts_with("NOSCRIPT")) {  // it has lost its scripts
    words[0] = "EVAL";
    words[1] = script.source;
    reply = co_await call(words, deadline);
  }
  if (!reply) co_return reply;
  health_->took(now() - began);
  if (!reply->is_error()) co_return reply;
  std::string why = std::move(reply->text);
  if (is_of_the_call(why)) {
    if (pace_.due(now())) log_warn("redis \"{}\": a call has failed: {}", options_->name, why);
  } else if (link_) {
    link_->end(why);
  }
  co_return unavailable(std::move(why));
}

}  // namespace tandem::redis
