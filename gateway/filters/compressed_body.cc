#include "gateway/filters/compressed_body.h"

#include "common/async/yield.h"

namespace tandem::gateway {
namespace {

constexpr std::size_t kWorthSending = 8 * 1024;
constexpr std::size_t kTurn = 64 * 1024;  // about a millisecond of work: then the worker's other requests have theirs
constexpr std::size_t kRun = 32 * 1024;

}  // namespace

std::optional<Result<std::string_view>> CompressedBody::try_read() {
  out_.clear();
  return pull();
}

async::Task<Result<std::string_view>> CompressedBody::read() {
  out_.clear();
  while (true) {
    if (spent_ >= kTurn) {
      spent_ = 0;
      co_await async::yield();
    }
    if (auto run = pull()) co_return *std::move(run);
    if (spent_ >= kTurn) continue;
    if (!feed(co_await source_->read())) co_return std::unexpected(*std::move(error_));
  }
}

std::optional<Result<std::string_view>> CompressedBody::pull() {
  while (!ended_ && out_.size() < kWorthSending) {
    if (spent_ >= kTurn) return given();
    const auto run = source_->try_read();
    if (!run) {
      if (flushes_ && held_back_) {
        held_back_ = false;
        if (!encoder_->encode({}, Encoder::Then::flush, out_)) return fail(Origin::internal, "internal_error");
      }
      return given();
    }
    if (!feed(*run)) return std::unexpected(*std::move(error_));
  }
  return std::string_view(out_);
}

std::optional<Result<std::string_view>> CompressedBody::given() {
  if (out_.empty()) return std::nullopt;
  return std::string_view(out_);
}

bool CompressedBody::feed(const Result<std::string_view>& run) {
  if (!run) {
    error_ = run.error();
    return false;
  }
  ended_ = run->empty() || source_->done();
  held_back_ = !ended_;
  spent_ += run->size();
  if (encoder_->encode(*run, ended_ ? Encoder::Then::finish : Encoder::Then::go_on, out_)) return true;
  error_ = Error{Origin::internal, "internal_error", false, "no memory to compress a body"};
  return false;
}

std::string_view TextBody::next() {
  const std::string_view run = std::string_view(text_).substr(at_, kRun);
  at_ += run.size();
  return run;
}

}  // namespace tandem::gateway
