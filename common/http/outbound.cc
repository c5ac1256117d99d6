#include "common/http/outbound.h"

#include <algorithm>
#include <array>

#include "common/async/scheduler.h"
#include "common/http/chunked.h"

namespace tandem::http {
namespace {

iovec piece(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

std::string join_from(std::span<const iovec> pieces, std::size_t skip) {
  std::string rest;
  for (const iovec& p : pieces) {
    if (skip >= p.iov_len) {
      skip -= p.iov_len;
      continue;
    }
    rest.append(static_cast<const char*>(p.iov_base) + skip, p.iov_len - skip);
    skip = 0;
  }
  return rest;
}

}  // namespace

void Outbound::begin(std::string head, BodyFraming framing) {
  head_ = std::move(head);
  framing_ = framing;
  begun_ = true;
  body_sent_ = 0;
}

async::Task<Result<void>> Outbound::write(std::string_view run, bool more_follows) {
  if (run.empty()) co_return Result<void>{};
  const std::string head = std::move(head_);
  head_.clear();
  body_sent_ += run.size();
  const bool chunked = framing_.kind == BodyFraming::Kind::chunked;
  const ChunkHead size(run.size());
  std::array<iovec, 4> pieces{};
  std::size_t count = 0;
  if (!head.empty()) pieces[count++] = piece(head);
  if (chunked) pieces[count++] = piece(size.text());
  pieces[count++] = piece(run);
  if (chunked) pieces[count++] = piece(kChunkEnd);
  // Only chunks are always followed by something: a length's last bytes would wait in the kernel for what never comes.
  co_return co_await send(std::span<const iovec>(pieces).first(count), more_follows && chunked);
}

bool Outbound::can_splice() const {
  return framing_.kind != BodyFraming::Kind::chunked && head_.empty() && !stream_.socket().tls();
}

async::Task<Result<void>> Outbound::drain(net::Pipe& pipe) {
  while (true) {
    if (stream_.may_write()) {
      const net::IoResult result = stream_.try_drain(pipe);
      sent_ += result.bytes;
      body_sent_ += result.bytes;
      if (result.failed()) co_return fail_errno(Origin::internal, "reset", "splice", result.error);
    }
    if (pipe.bytes() == 0) co_return Result<void>{};
    if (auto waited = co_await writable(); !waited) co_return waited;
  }
}

async::Task<Result<void>> Outbound::flush() {
  if (head_.empty()) co_return Result<void>{};
  const std::string head = std::move(head_);
  head_.clear();
  const std::array<iovec, 1> pieces = {piece(head)};
  co_return co_await send(pieces, false);
}

async::Task<Result<void>> Outbound::finish() {
  const std::string head = std::move(head_);
  head_.clear();
  std::array<iovec, 2> pieces{};
  std::size_t count = 0;
  if (!head.empty()) pieces[count++] = piece(head);
  if (framing_.kind == BodyFraming::Kind::chunked) pieces[count++] = piece(kLastChunk);
  if (count == 0) co_return Result<void>{};
  co_return co_await send(std::span<const iovec>(pieces).first(count), false);
}

async::Task<Result<void>> Outbound::writable() {
  const async::Scheduler& scheduler = async::Scheduler::current();
  const Instant began = scheduler.now();
  auto waited = co_await stream_.writable(std::min(deadline_after(began, idle_), rate_.deadline(began, sent_)));
  rate_.waited(scheduler.now() - began);
  co_return waited;
}

async::Task<Result<void>> Outbound::send(std::span<const iovec> pieces, bool more_follows) {
  std::size_t wanted = 0;
  for (const iovec& p : pieces) wanted += p.iov_len;
  std::size_t done = 0;
  if (stream_.may_write()) {
    const net::IoResult result = stream_.try_write(pieces, more_follows);
    if (result.failed()) co_return fail_errno(Origin::internal, "reset", "write", result.error);
    done = result.bytes;
    sent_ += done;
  }
  if (done == wanted) co_return Result<void>{};
  const std::string rest = join_from(pieces, done);
  std::string_view left = rest;
  while (!left.empty()) {
    if (auto waited = co_await writable(); !waited) co_return waited;
    const net::IoResult result = stream_.try_write(std::span<const char>(left), more_follows);
    if (result.failed()) co_return fail_errno(Origin::internal, "reset", "write", result.error);
    left.remove_prefix(result.bytes);
    sent_ += result.bytes;
  }
  co_return Result<void>{};
}

}  // namespace tandem::http
