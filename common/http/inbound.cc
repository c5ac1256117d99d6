#include "common/http/inbound.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/net/tls_session.h"

namespace tandem::http {
namespace {

constexpr std::uint64_t kWorthSplicing = 32 * 1024;  // less costs more in calls than the copy does
constexpr std::uint64_t kMostSpliced = 256 * 1024;   // at once: what one client may leave standing in a pipe

}  // namespace

void Inbound::keep(std::string_view bytes) {
  if (offset_ > 0) {
    kept_.erase(0, offset_);
    offset_ = 0;
  }
  kept_.append(bytes);
}

void Inbound::drop_kept() {
  std::string().swap(kept_);
  offset_ = 0;
}

void Inbound::consume_kept(std::size_t bytes) {
  offset_ += bytes;
  if (offset_ >= kept_.size()) drop_kept();
}

async::Task<Result<std::size_t>> Inbound::fetch(Instant deadline) {
  const std::span<char> scratch = net::Reactor::current().scratch();
  const auto got = co_await stream_.read_some(scratch, deadline);
  if (got && *got > 0) {
    received_ += *got;
    keep(std::string_view(scratch.data(), *got));
  }
  co_return got;
}

async::Task<Result<HeadResult>> Inbound::read_head(RequestParser& parser, RequestHead& head, std::string& bytes,
                                                   Instant deadline) {
  return read_any_head(parser, head, bytes, deadline);
}

async::Task<Result<HeadResult>> Inbound::read_head(ResponseParser& parser, ResponseHead& head, std::string& bytes,
                                                   Instant deadline) {
  return read_any_head(parser, head, bytes, deadline);
}

template <class Parser, class Head>
async::Task<Result<HeadResult>> Inbound::read_any_head(Parser& parser, Head& head, std::string& bytes,
                                                       Instant deadline) {
  bool look = has_kept();  // at what is left over from the message before
  std::string_view seen = kept();
  while (true) {
    if (look) {
      const ParseResult result = parser.feed(seen, head);
      if (result.refused()) co_return HeadResult{HeadOutcome::refused, result.error, seen.size()};
      const bool in_kept = has_kept();
      if (result.complete()) {
        bytes.assign(seen.substr(0, result.head_length));
        head.rebase(seen.data(), result.head_length, bytes.data());
        if (in_kept) {
          consume_kept(result.head_length);
        } else if (seen.size() > result.head_length) {
          keep(seen.substr(result.head_length));
        }
        co_return HeadResult{HeadOutcome::complete, {}, result.head_length};
      }
      if (!in_kept) keep(seen);  // the scratch buffer is everybody's
    }
    const std::span<char> scratch = net::Reactor::current().scratch().first(first_read_);
    const auto got = co_await stream_.read_some(scratch, deadline);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return HeadResult{parser.begun() ? HeadOutcome::cut : HeadOutcome::ended, {}, 0};
    received_ += *got;
    seen = std::string_view(scratch.data(), *got);
    if (has_kept()) {
      keep(seen);
      seen = kept();
    }
    look = true;
  }
}

Result<std::string_view> Inbound::decode_kept(BodyDecoder& decoder, Origin of) {
  while (has_kept() && !decoder.done()) {
    const BodyStep step = decoder.next(kept());
    if (decoder.error()) return std::unexpected(to_error(*decoder.error(), of));
    offset_ += step.consumed;  // the bytes stay where they are until the next call
    if (!step.data.empty()) return step.data;
  }
  return std::string_view();
}

// Runs of a chunked body are moved together, so that one read leads to one write.
Result<std::string_view> Inbound::decode_scratch(BodyDecoder& decoder, Origin of, std::span<char> bytes) {
  std::string_view left(bytes.data(), bytes.size());
  char* out = nullptr;
  std::size_t size = 0;
  while (!left.empty() && !decoder.done()) {
    const BodyStep step = decoder.next(left);
    if (decoder.error()) return std::unexpected(to_error(*decoder.error(), of));
    left.remove_prefix(step.consumed);
    if (step.data.empty()) continue;
    if (!out) out = bytes.data() + (step.data.data() - bytes.data());
    if (out + size != step.data.data()) std::memmove(out + size, step.data.data(), step.data.size());
    size += step.data.size();
  }
  if (!left.empty()) keep(left);  // belongs to the next message
  return std::string_view(out, size);
}

std::optional<Result<std::string_view>> Inbound::try_read_body(BodyDecoder& decoder, Origin of) {
  if (!has_kept() && offset_ > 0) drop_kept();
  if (has_kept()) {
    auto run = decode_kept(decoder, of);
    if (!run || !run->empty() || decoder.done()) return run;
  }
  while (!decoder.done()) {
    if (!stream_.may_read()) return std::nullopt;
    std::span<char> scratch = net::Reactor::current().scratch();
    if (const auto remaining = decoder.remaining()) {
      scratch = scratch.first(static_cast<std::size_t>(std::min<std::uint64_t>(scratch.size(), *remaining)));
    }
    const net::IoResult got = stream_.try_read(scratch);
    if (got.blocked()) return std::nullopt;
    if (got.failed()) return fail_errno(of, "reset", "read", got.error);
    if (got.ended()) return end_body(decoder, of);
    received_ += got.bytes;
    auto run = decode_scratch(decoder, of, scratch.first(got.bytes));
    if (!run || !run->empty()) return run;
  }
  return std::string_view();
}

Result<std::string_view> Inbound::end_body(BodyDecoder& decoder, Origin of) const {
  const net::TlsSession* tls = stream_.socket().tls();
  if (decoder.finish(tls && tls->truncated())) return std::string_view();
  return std::unexpected(to_error(*decoder.error(), of));
}

bool Inbound::can_splice(const BodyDecoder& decoder) const {
  return decoder.remaining().value_or(0) >= kWorthSplicing && !has_kept() && !stream_.socket().tls();
}

std::optional<Result<std::size_t>> Inbound::try_splice(BodyDecoder& decoder, net::Pipe& pipe, Origin of) {
  if (!stream_.may_read()) return std::nullopt;
  const net::IoResult got =
      stream_.try_fill(pipe, static_cast<std::size_t>(std::min(*decoder.remaining(), kMostSpliced)));
  if (got.blocked()) return std::nullopt;
  if (got.failed() && got.error == EINVAL) return std::size_t{0};
  if (got.failed()) return fail_errno(of, "reset", "splice", got.error);
  if (got.ended()) {
    if (auto end = end_body(decoder, of); !end) return std::unexpected(std::move(end.error()));
    return std::size_t{0};
  }
  received_ += got.bytes;
  decoder.skip(got.bytes);
  return got.bytes;
}

async::Task<Result<std::string_view>> Inbound::read_body(BodyDecoder& decoder, Origin of, Instant deadline) {
  while (true) {
    if (auto run = try_read_body(decoder, of)) co_return std::move(*run);
    if (auto waited = co_await stream_.readable(deadline); !waited)
      co_return std::unexpected(std::move(waited.error()));
  }
}

}  // namespace tandem::http
