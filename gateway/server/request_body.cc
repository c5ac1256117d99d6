#include "gateway/server/request_body.h"

#include <algorithm>

#include "common/async/scheduler.h"

namespace tandem::gateway {
namespace {

Error as_client(Error error) {
  if (error.reason == "timeout")
    return {Origin::client, "request_timeout", false, "the request's body stalled or came too slowly"};
  if (error.reason == "reset") return {Origin::client, "client_closed", false, std::move(error.detail)};
  return error;
}

}  // namespace

void RequestBody::begin(http::BodyFraming framing, Duration idle, http::MinRate rate, bool continue_awaited) {
  framing_ = framing;
  idle_ = idle;
  rate_ = rate;
  interim_.set_idle(idle);
  continue_awaited_ = continue_awaited && !framing.is_empty();
  touched_ = false;
  decoder_ = http::BodyDecoder(http::BodyDecoder::Of::request, framing);
}

void RequestBody::begin(std::string text) {
  begin(http::BodyFraming::of_length(text.size()), kNever, {}, false);
  keep_copy(text.size());
  text_given_ = text.empty();
  text_ = std::move(text);
}

bool RequestBody::limit(std::uint64_t max_body) {
  decoder_ = http::BodyDecoder(http::BodyDecoder::Of::request, framing_, max_body);
  return decoder_.error() == nullptr;
}

Result<std::string_view> RequestBody::handed_out(Result<std::string_view> run) {
  if (!run) return std::unexpected(as_client(std::move(run.error())));
  if (run->empty()) return run;
  touched_ = true;
  if (copying_) copy(*run);
  return run;
}

void RequestBody::keep_copy(std::uint64_t most) {
  copy_most_ = std::max(copy_most_, most);
  copying_ = !touched_ && (framing_.kind != http::BodyFraming::Kind::length || framing_.length <= copy_most_);
}

void RequestBody::copy(std::string_view run) {
  if (copy_.size() + run.size() <= copy_most_) {
    copy_ += run;
    return;
  }
  copying_ = false;
  copy_ = {};
}

std::optional<Result<std::string_view>> RequestBody::try_read() {
  if (!inbound_) return handed_out(std::string_view(std::exchange(text_given_, true) ? std::string_view() : text_));
  if (continue_awaited_) return std::nullopt;
  auto run = inbound_->try_read_body(decoder_, Origin::client);
  if (!run) return std::nullopt;
  return handed_out(std::move(*run));
}

async::Task<Result<std::string_view>> RequestBody::read() {
  if (!inbound_) co_return *try_read();
  const async::Scheduler& scheduler = async::Scheduler::current();
  if (std::exchange(continue_awaited_, false)) {
    if (auto sent = co_await interim_.send("HTTP/1.1 100 Continue\r\n\r\n"); !sent) {
      co_return std::unexpected(as_client(std::move(sent.error())));
    }
  }
  const Instant began = scheduler.now();
  const Instant deadline = std::min(deadline_after(began, idle_), rate_.deadline(began, decoder_.received()));
  // No co_await inside the argument list: a run lies in the scratch buffer and must be handed on at once.
  auto run = co_await inbound_->read_body(decoder_, Origin::client, deadline);
  rate_.waited(scheduler.now() - began);
  co_return handed_out(std::move(run));
}

async::Task<bool> RequestBody::drain(std::uint64_t most, Instant deadline) {
  if (!inbound_) co_return true;
  if (continue_awaited_) co_return decoder_.done();  // it was never asked for; the client may or may not send it
  const std::uint64_t before = decoder_.received();
  while (!decoder_.done() && !decoder_.error()) {
    if (decoder_.received() - before > most) co_return false;
    if (const auto left = decoder_.remaining(); left && *left > most) co_return false;
    const auto run = co_await inbound_->read_body(decoder_, Origin::client, deadline);
    if (!run) co_return false;
  }
  co_return decoder_.done();
}

}  // namespace tandem::gateway
