#include "gateway/cache/flight.h"

#include <algorithm>

namespace tandem::cache {

void Flight::begin_body(std::shared_ptr<const StoredHead> head, std::optional<std::uint64_t> length, bool for_others) {
  const std::scoped_lock lock(mutex_);
  expected_ = head->selection();
  head_ = std::move(head);
  length_ = length;
  for_others_ = for_others;
  state_ = State::streaming;
  tell();
}

void Flight::append(std::shared_ptr<const Block> block, std::uint64_t filled) {
  const std::scoped_lock lock(mutex_);
  if (blocks_.empty() || blocks_.back() != block) blocks_.push_back(std::move(block));
  filled_ = filled;
  tell();
}

void Flight::store(std::shared_ptr<const Entry> entry, Outcome outcome) {
  const std::scoped_lock lock(mutex_);
  expected_ = entry->head->selection();
  entry_ = std::move(entry);
  outcome_ = outcome;
  state_ = State::stored;
  tell();
}

void Flight::cut() { change(State::cut); }
void Flight::release() { change(State::released); }

void Flight::fail(Error error) {
  const std::scoped_lock lock(mutex_);
  error_ = std::move(error);
  state_ = State::failed;
  tell();
}

void Flight::change(State state) {
  const std::scoped_lock lock(mutex_);
  state_ = state;
  tell();
}

// A place that is in the list belongs to a coroutine that is still there, and so is its reactor.
void Flight::tell() {
  net::Reactor* here = &net::Reactor::current();
  for (const auto& place : watching_) {
    if (std::exchange(place->called, true)) continue;
    if (&place->reactor == here) {
      place->event.set();
    } else {
      place->reactor.post([place] { place->event.set(); });
    }
  }
}

Flight::Look Flight::look() const {
  const std::scoped_lock lock(mutex_);
  return {state_, head_, length_, entry_, outcome_, for_others_, error_};
}

Flight::Run Flight::run_at(std::uint64_t offset) const {
  const std::scoped_lock lock(mutex_);
  Run run{.bytes = {}, .block = nullptr, .state = state_, .error = error_};
  if (offset >= filled_) return run;
  const std::size_t index = offset / kBlockSize;
  const std::size_t within = offset % kBlockSize;
  const std::uint64_t end = std::min<std::uint64_t>(filled_, (index + 1) * std::uint64_t{kBlockSize});
  run.block = blocks_[index];
  run.bytes = {run.block->bytes() + within, static_cast<std::size_t>(end - offset)};
  return run;
}

std::size_t Flight::watching() const {
  const std::scoped_lock lock(mutex_);
  return watching_.size();
}

bool Flight::fits(const http::Fields& request) const {
  const std::scoped_lock lock(mutex_);
  return !expected_ || selects(*expected_, request);
}

std::optional<bool> Flight::in_group(std::string_view group) const {
  const std::scoped_lock lock(mutex_);
  if (!head_) return std::nullopt;
  return std::ranges::find(head_->groups(), group) != head_->groups().end();
}

Flight::Watch::Watch(std::shared_ptr<Flight> flight)
    : flight_(std::move(flight)), place_(std::make_shared<Place>(net::Reactor::current())) {
  const std::scoped_lock lock(flight_->mutex_);
  flight_->watching_.push_back(place_);
}

Flight::Watch::~Watch() {
  const std::scoped_lock lock(flight_->mutex_);
  auto& all = flight_->watching_;
  const auto found = std::ranges::find(all, place_);
  *found = std::move(all.back());
  all.pop_back();
}

void Flight::Watch::arm() {
  const std::scoped_lock lock(flight_->mutex_);
  place_->called = false;
}

}  // namespace tandem::cache
