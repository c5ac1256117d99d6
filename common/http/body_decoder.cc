#include "common/http/body_decoder.h"

#include <algorithm>

namespace tandem::http {
namespace {

constexpr HttpError kTooLarge{413, "body_too_large", "the body is larger than allowed"};

}  // namespace

BodyDecoder::BodyDecoder(Of of, BodyFraming framing, std::uint64_t max_body)
    : framing_(framing),
      of_(of),
      done_(framing.is_empty()),
      max_body_(max_body),
      chunks_(of == Of::request ? ChunkLimits{} : ChunkLimits::for_responses()) {
  if (framing.kind == BodyFraming::Kind::length && framing.length > max_body) refuse(kTooLarge);
}

BodyStep BodyDecoder::next(std::string_view in) {
  if (done_ || error_) return {};
  if (framing_.kind == BodyFraming::Kind::chunked) return next_chunked(in);
  const std::uint64_t room =
      framing_.kind == BodyFraming::Kind::length ? framing_.length - received_ : max_body_ - received_;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(room, in.size()));
  if (framing_.kind == BodyFraming::Kind::until_close && size < in.size()) {
    refuse(kTooLarge);
    return {};
  }
  received_ += size;
  done_ = framing_.kind == BodyFraming::Kind::length && received_ == framing_.length;
  return {in.substr(0, size), size};
}

void BodyDecoder::skip(std::uint64_t bytes) {
  received_ += bytes;
  done_ = received_ == framing_.length;
}

BodyStep BodyDecoder::next_chunked(std::string_view in) {
  const BodyStep step = chunks_.next(in);
  if (chunks_.refused()) {
    const std::string_view why = chunks_.error_text();
    refuse(of_ == Of::request ? bad_request(why) : bad_response(why));
    return {};
  }
  // A chunk is counted when it is announced: none of one that exceeds the limit is passed on.
  const std::uint64_t room = max_body_ - received_;
  if (step.data.size() > room || chunks_.chunk_remaining() > room - step.data.size()) {
    refuse(kTooLarge);
    return {};
  }
  received_ += step.data.size();
  done_ = chunks_.done();
  return step;
}

std::optional<std::uint64_t> BodyDecoder::remaining() const {
  if (done_) return 0;
  if (framing_.kind != BodyFraming::Kind::length) return std::nullopt;
  return framing_.length - received_;
}

bool BodyDecoder::finish(bool cut) {
  if (done_) return true;
  if (error_) return false;
  if (framing_.kind == BodyFraming::Kind::until_close && !cut) return done_ = true;
  constexpr std::string_view kCutShort = "the body was cut short";
  refuse(of_ == Of::request ? bad_request(kCutShort) : HttpError{502, "upstream_reset", kCutShort});
  return false;
}

}  // namespace tandem::http
