#include "gateway/filters/cache/fetch.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/async/scheduler.h"
#include "common/async/yield.h"
#include "common/http/byte_class.h"
#include "gateway/cache/conditions.h"
#include "gateway/worker_context.h"

namespace tandem::gateway {
namespace {

using cache::Flight;
using http::FieldId;

constexpr int kRunsPerTurn = 16;

constexpr http::FieldSet kConditions(FieldId::if_none_match, FieldId::if_modified_since, FieldId::if_range,
                                     FieldId::range);

// What some services take for another URL, host or method. No key tells of it, and what they answer is for others too.
constexpr std::array<std::string_view, 7> kOverrides = {"x-original-url", "x-rewrite-url",     "x-http-method-override",
                                                        "x-http-method",  "x-method-override", "x-host",
                                                        "x-original-host"};

bool is_override(std::string_view name) {
  return std::ranges::any_of(kOverrides,
                             [name](std::string_view override) { return http::equals_ignoring_case(name, override); });
}

Instant turn() { return async::Scheduler::current().now(); }

// What an old answer may stand in for (RFC 5861 §4).
bool is_server_error(int status) { return status == 500 || status == 502 || status == 503 || status == 504; }

std::optional<std::uint64_t> length_of(const Response& response) {
  if (response.framing.is_empty()) return 0;
  if (!response.body) return response.text.size();
  if (response.framing.kind == http::BodyFraming::Kind::length) return response.framing.length;
  return std::nullopt;
}

}  // namespace

// What was read already goes first.
class Fetch::Rest final : public BodySource {
 public:
  Rest(std::shared_ptr<Fetch> fetch, std::string first) : fetch_(std::move(fetch)), first_(std::move(first)) {}
  async::Task<Result<std::string_view>> read() override {
    if (auto run = take_first()) co_return *run;
    co_return co_await source().read();
  }
  std::optional<Result<std::string_view>> try_read() override {
    if (auto run = take_first()) return *run;
    return source().try_read();
  }
  bool done() const override { return given_ && fetch_->response_.body->done(); }

 private:
  BodySource& source() { return *fetch_->response_.body; }
  std::optional<std::string_view> take_first() {
    if (std::exchange(given_, true) || first_.empty()) return std::nullopt;
    return std::string_view(first_);
  }

  const std::shared_ptr<Fetch> fetch_;
  const std::string first_;
  bool given_ = false;
};

Fetch::Fetch(const Exchange& of, Next next, Order order)
    : order_(std::move(order)), exchange_(of, of.worker.background->scope()), next_(next), old_(order_.old) {
  http::RequestHead& request = exchange_.exchange().request;
  request.fields.remove(kConditions);
  request.fields.remove_if(
      [](const http::Field& field) { return field.id == FieldId::other && is_override(field.name); });
  request.method = http::Method::get;
  request.method_text = http::method_text(http::Method::get);
}

void Fetch::launch(std::shared_ptr<Fetch> fetch) {
  async::TaskGroup& group = *fetch->exchange_.exchange().worker.background;
  const auto run = [](std::shared_ptr<Fetch> self) -> async::Task<void> { co_await self->run(); };
  group.spawn(run(std::move(fetch)));
}

Response Fetch::take_response() { return std::move(response_); }

std::unique_ptr<BodySource> Fetch::take_rest() {
  return std::make_unique<Rest>(shared_from_this(), std::exchange(overflow_, {}));
}

async::Task<void> Fetch::run() {
  Exchange& exchange = exchange_.exchange();
  if (!co_await async::within(exchange.scope, ask())) {
    old_.reset();
    (void)co_await async::within(exchange.scope, ask());
  }
  exchange.worker.tracer.end_detached(exchange);
}

void Fetch::set_conditions() {
  asks_about_old_ = false;
  http::Fields& fields = exchange_.exchange().request.fields;
  fields.remove(kConditions);
  if (!old_) return;
  const http::Fields& stored = old_->head->fields();
  if (const auto tag = stored.value(FieldId::etag)) {
    fields.add("If-None-Match", *tag, FieldId::if_none_match);
    asks_about_old_ = true;
  }
  if (const auto changed = stored.value(FieldId::last_modified)) {
    fields.add("If-Modified-Since", *changed, FieldId::if_modified_since);
    asks_about_old_ = true;
  }
}

bool Fetch::can_stand_in() const { return old_ && old_->head->usable_on_error(turn()); }

async::Task<bool> Fetch::ask() {
  set_conditions();
  asked_at_ = turn();
  auto response = co_await next_(exchange_.exchange());
  received_ = turn();
  wall_received_ = wall_now();
  if (can_stand_in() && (!response || is_server_error(response->status))) {
    why_not_ = "stale-if-error";
    order_.store->leave(order_.flight);
    order_.flight->store(old_, Flight::Outcome::stale);
    co_return true;
  }
  if (!response) {
    order_.store->leave(order_.flight);
    order_.flight->fail(std::move(response.error()));
    co_return true;
  }
  response_ = std::move(*response);
  if (response_.status == 304 && asks_about_old_) {
    const bool of_use = revalidated(response_.fields);
    response_ = {};
    co_return of_use;
  }
  co_await receive();
  co_return true;
}

std::shared_ptr<cache::StoredHead> Fetch::make_head(const cache::Policy& policy, const http::Fields& fields,
                                                    cache::Selection selection, int status, bool has_body) {
  auto head =
      std::make_shared<cache::StoredHead>(cache::StoredHead::Parts{.status = status,
                                                                   .fields = fields,
                                                                   .directives = cache::control_of(fields).directives,
                                                                   .policy = policy,
                                                                   .selection = std::move(selection),
                                                                   .received = received_,
                                                                   .date = exchange_.exchange().worker.date(),
                                                                   .has_body = has_body});
  const cache::Key& key = order_.flight->key();
  auto room = order_.store->take(head->cost() + 2 * key.own().size() + sizeof(cache::Entry) + cache::kIndexCost);
  if (!room) return nullptr;
  head->charge(std::move(*room));
  return head;
}

// The stored answer brought up to date (RFC 9111 §4.3.4). False: it is not the one that the service means, or it may be
// stored no longer.
bool Fetch::revalidated(const http::Fields& fields) {
  const cache::StoredHead& stored = *old_->head;
  const auto tag = fields.value(FieldId::etag);
  const auto own = stored.fields().value(FieldId::etag);
  const bool other = tag && own && !cache::weakly_equal(*tag, *own);
  const http::Fields merged = cache::merged_fields(stored.fields(), fields);
  const auto policy = cache::judge(order_.asked, {stored.status(), merged, wall_received_, received_ - asked_at_},
                                   order_.store->stale());
  auto selection = cache::selection_of(merged, exchange_.exchange().request.fields);
  const bool kept = !other && policy && selection;
  auto head = kept ? make_head(*policy, merged, *std::move(selection), stored.status(), stored.has_body()) : nullptr;
  if (!head) {
    order_.store->erase(order_.flight->key(), old_.get());
    return false;
  }
  auto entry = std::make_shared<const cache::Entry>(std::move(head), old_->body);
  order_.store->land(order_.flight, entry);
  order_.flight->store(std::move(entry), Flight::Outcome::validated);
  return true;
}

void Fetch::release(std::string_view why) {
  why_not_ = why;
  order_.store->leave(order_.flight);
  order_.flight->release();
}

// An answer with a body, or what stands for one.
async::Task<void> Fetch::receive() {
  const cache::Key& key = order_.flight->key();
  cache::Store& store = *order_.store;
  const Instant passed_until = deadline_after(received_, cache::kPassFor);
  const http::Fields& request = exchange_.exchange().request.fields;
  const auto policy =
      response_.refusal.empty()
          ? cache::judge(order_.asked, {response_.status, response_.fields, wall_received_, received_ - asked_at_},
                         store.stale())
          : std::unexpected(std::string_view("refused"));
  auto selection = cache::selection_of(response_.fields, request);
  const auto length = length_of(response_);
  std::string_view why;
  if (!policy) {
    why = policy.error();
  } else if (!selection) {
    why = "vary";
  } else if (length.value_or(0) > store.max_object()) {
    why = "too-large";
  } else if (key.per_caller() && !policy->is_public && !key.has_own()) {
    why = "caller";
  }
  if (!why.empty()) {
    // One that an error stands in the way of is not forgotten.
    if (order_.old && !is_server_error(response_.status)) store.erase(key, order_.old.get());
    store.mark_passed(key, passed_until);
    release(why);
    co_return;
  }
  const bool has_body = response_.framing.kind != http::BodyFraming::Kind::none;
  auto head = make_head(*policy, response_.fields, *std::move(selection), response_.status, has_body);
  body_ = std::make_shared<cache::Body>();
  left_ = length.value_or(0);
  bool room = head != nullptr;
  for (std::uint64_t at = 0; room && at < left_; at += cache::kBlockSize) {
    room = add_block(std::min<std::uint64_t>(left_ - at, cache::kBlockSize));
  }
  if (!room) {
    body_.reset();
    release("no-room");
    co_return;
  }
  const bool others_too = !key.per_caller() || policy->is_public || !order_.flight->shared();
  if (order_.old && !others_too) store.erase(key, order_.old.get());  // it is for everybody no longer
  const bool for_others = others_too && head->is_fresh(received_) && !policy->always_asks;
  if (!for_others) store.close(*order_.flight);
  order_.flight->begin_body(head, length, for_others);
  co_await take_body(std::move(head));
}

bool Fetch::add_block(std::size_t capacity) {
  auto room = order_.store->take(cache::Block::cost(capacity));
  if (!room) return false;
  body_->blocks.push_back(std::make_shared<cache::Block>(std::move(*room), capacity));
  return true;
}

// False where there is no room for all of it: the rest of the run is in overflow_.
bool Fetch::append(std::string_view run) {
  while (!run.empty()) {
    const std::size_t index = filled_ / cache::kBlockSize, within = filled_ % cache::kBlockSize;
    const bool fits = filled_ + run.size() <= order_.store->max_object();
    if (!fits || (index == body_->blocks.size() && !add_block(cache::kBlockSize))) {
      overflow_ = run;
      return false;
    }
    const auto& block = body_->blocks[index];
    const std::size_t size = std::min(run.size(), block->capacity() - within);
    std::memcpy(block->bytes() + within, run.data(), size);
    filled_ += size;
    run.remove_prefix(size);
    order_.flight->append(block, filled_);
  }
  return true;
}

// Nobody knew how long it would be: the last block is cut to what it holds.
void Fetch::shrink_last() {
  const std::size_t used = filled_ % cache::kBlockSize;
  if (used == 0 || body_->blocks.empty() || body_->blocks.back()->capacity() == used) return;
  const auto last = body_->blocks.back();
  body_->blocks.pop_back();
  if (!add_block(used)) {
    body_->blocks.push_back(last);
    return;
  }
  std::memcpy(body_->blocks.back()->bytes(), last->bytes(), used);
}

void Fetch::finish(std::shared_ptr<const cache::StoredHead> head) {
  shrink_last();
  body_->size = filled_;
  auto entry = std::make_shared<const cache::Entry>(std::move(head), std::move(body_));
  order_.store->land(order_.flight, entry);
  order_.flight->store(std::move(entry), Flight::Outcome::fresh);
}

async::Task<void> Fetch::take_body(std::shared_ptr<const cache::StoredHead> head) {
  if (!response_.body) {
    if (response_.framing.is_empty() || append(response_.text)) co_return finish(std::move(head));
    co_return release("no-room");
  }
  for (int runs = 1; head->has_body(); ++runs) {
    auto run = response_.body->try_read();
    if (!run) run = co_await response_.body->read();
    if (!*run) {
      order_.store->leave(order_.flight);
      order_.flight->fail(std::move(run->error()));
      co_return;
    }
    if ((*run)->empty()) break;
    if (!append(**run)) {
      order_.store->leave(order_.flight);
      order_.store->mark_passed(order_.flight->key(), deadline_after(turn(), cache::kPassFor));
      order_.flight->cut();
      co_return;
    }
    if (runs % kRunsPerTurn == 0) co_await async::yield();
  }
  response_ = {};  // its connection can serve others
  finish(std::move(head));
}

}  // namespace tandem::gateway
