// A body that is compressed while it is pulled: holds the source (which owns what the answer's fields point to), one
// encoder, and no more than what one pull gave. On its worker's thread.
#pragma once
#include <memory>
#include <string>

#include "gateway/filters/encoder.h"
#include "gateway/handlers/response.h"

namespace tandem::gateway {

class CompressedBody final : public BodySource {
 public:
  // `flushes`: whenever the source has nothing more at the moment, the client gets all that came, so that events arrive
  // one by one; else the encoder may hold back what it likes until the end.
  CompressedBody(std::unique_ptr<BodySource> source, std::unique_ptr<Encoder> encoder, bool flushes)
      : source_(std::move(source)), encoder_(std::move(encoder)), flushes_(flushes) {}

  async::Task<Result<std::string_view>> read() override;
  std::optional<Result<std::string_view>> try_read() override;
  bool done() const override { return ended_; }

 private:
  // Feeds what the source has without waiting. Nothing when there is no reason to stop waiting.
  std::optional<Result<std::string_view>> pull();
  // False when the body has failed.
  bool feed(const Result<std::string_view>& run);
  std::optional<Result<std::string_view>> given();

  std::unique_ptr<BodySource> source_;
  const std::unique_ptr<Encoder> encoder_;
  const bool flushes_;
  bool held_back_ = false;  // the encoder may have taken more than it gave
  bool ended_ = false;
  std::size_t spent_ = 0;  // bytes encoded since the others last had a turn
  std::optional<Error> error_;
  std::string out_;
};

// A body that is there already, in runs that do not keep the worker for long.
class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  async::Task<Result<std::string_view>> read() override { co_return next(); }
  std::optional<Result<std::string_view>> try_read() override { return next(); }
  bool done() const override { return at_ == text_.size(); }

 private:
  std::string_view next();

  const std::string text_;
  std::size_t at_ = 0;
};

}  // namespace tandem::gateway
