#include "gateway/redis/link.h"

#include <array>
#include <utility>

#include "common/async/scheduler.h"
#include "common/async/sleep.h"
#include "gateway/redis/command.h"

namespace tandem::redis {

async::Task<std::string> Link::run() {
  tasks_.spawn(read());
  tasks_.spawn(write());
  if (const auto ended = co_await ended_.wait(); !ended) end(std::string(ended.error().reason));
  tasks_.cancel(Error{Origin::internal, "ended", false, {}});
  co_await tasks_.until_empty();
  co_return why_;
}

void Link::end(std::string why) {
  if (!why_.empty()) return;
  why_ = why.empty() ? "ended" : std::move(why);
  for (Call* call : std::exchange(pending_, {})) {
    if (!call) continue;
    call->link = nullptr;
    call->done.set();
  }
  ended_.set();
}

bool Link::send(std::span<const std::string_view> words, Call& call) {
  if (!why_.empty() || pending_.size() >= kMostPending) return false;
  call.link = this;
  call.number = first_ + pending_.size();
  pending_.push_back(&call);
  append_command(out_, words);
  has_output_.set();
  return true;
}

void Link::forget(Call& call) {
  pending_[call.number - first_] = nullptr;
  call.link = nullptr;
}

void Link::give_up(Call& call) {
  forget(call);
  if (late_) return;
  late_ = true;
  ++lateness_;
  tasks_.spawn(lose_patience());
  listener_.on_late();
}

async::Task<void> Link::lose_patience() {
  const std::uint64_t mine = lateness_;
  if (!co_await async::sleep_for(kPatience)) co_return;
  if (late_ && lateness_ == mine) end("calls are not answered");
}

bool Link::answer(Reply reply) {
  if (pending_.empty()) return false;
  Call* call = pending_.front();
  pending_.pop_front();
  ++first_;
  if (std::exchange(late_, false)) listener_.on_answered();
  if (!call) return true;
  call->reply = std::move(reply);
  call->link = nullptr;
  call->done.set();
  return true;
}

bool Link::take_in() {
  std::array<char, 16 * 1024> buffer;
  while (why_.empty() && stream_->may_read()) {
    const net::IoResult result = stream_->try_read(buffer);
    if (result.blocked()) break;
    if (!result.ok()) {
      end(result.ended() ? "it has ended the connection" : errno_text(result.error));
      break;
    }
    replies_.feed({buffer.data(), result.bytes});
    while (auto reply = replies_.next()) {
      if (!answer(*std::move(reply))) end("it has answered what nobody has asked");
    }
    if (!replies_.error().empty()) end("its answer makes no sense: " + replies_.error());
  }
  return why_.empty();
}

async::Task<void> Link::read() {
  while (take_in()) {
    if (!co_await stream_->readable()) co_return;
  }
}

async::Task<void> Link::write() {
  while (true) {
    if (out_.empty()) {
      if (!co_await has_output_.wait()) co_return;
      continue;
    }
    std::swap(out_, sending_);
    out_.clear();
    const auto written = co_await stream_->write_all(std::span<const char>(sending_));
    if (written) continue;
    end(written.error().detail.empty() ? std::string(written.error().reason) : written.error().detail);
    co_return;
  }
}

}  // namespace tandem::redis
