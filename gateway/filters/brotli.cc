#include <brotli/encode.h>

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "gateway/filters/encoder.h"

namespace tandem::gateway {
namespace {

constexpr std::uint32_t kQuality = 4;  // the best that is about as fast as gzip
constexpr std::uint32_t kEventQuality = 2;
constexpr int kWindow = 18;
constexpr int kEventWindow = 14;

class Brotli final : public Encoder {
 public:
  Brotli() : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {}
  Brotli(const Brotli&) = delete;
  ~Brotli() override { BrotliEncoderDestroyInstance(state_); }

  bool open(const BodyShape& shape) {
    if (!state_) return false;
    int window = shape.events ? kEventWindow : kWindow;
    if (shape.length)
      window = std::clamp(static_cast<int>(std::bit_width(*shape.length)), BROTLI_MIN_WINDOW_BITS, kWindow);
    const auto hint = static_cast<std::uint32_t>(std::min<std::uint64_t>(shape.length.value_or(0), 1U << 30));
    return set(BROTLI_PARAM_QUALITY, shape.events ? kEventQuality : kQuality) &&
           set(BROTLI_PARAM_LGWIN, static_cast<std::uint32_t>(window)) && set(BROTLI_PARAM_SIZE_HINT, hint);
  }

  bool encode(std::string_view in, Then then, std::string& out) override {
    const BrotliEncoderOperation operation = then == Then::finish  ? BROTLI_OPERATION_FINISH
                                             : then == Then::flush ? BROTLI_OPERATION_FLUSH
                                                                   : BROTLI_OPERATION_PROCESS;
    std::size_t left = in.size();
    const auto* next = reinterpret_cast<const std::uint8_t*>(in.data());
    while (true) {
      std::size_t no_room = 0;
      std::uint8_t* nowhere = nullptr;  // what comes out is taken from the encoder's own buffer
      if (!BrotliEncoderCompressStream(state_, operation, &left, &next, &no_room, &nowhere, nullptr)) return false;
      while (BrotliEncoderHasMoreOutput(state_)) {
        std::size_t size = 0;
        const std::uint8_t* taken = BrotliEncoderTakeOutput(state_, &size);
        out.append(reinterpret_cast<const char*>(taken), size);
      }
      const bool done = then == Then::finish ? BrotliEncoderIsFinished(state_) != 0 : left == 0;
      if (done) return true;
    }
  }

 private:
  bool set(BrotliEncoderParameter parameter, std::uint32_t value) {
    return BrotliEncoderSetParameter(state_, parameter, value) != 0;
  }

  BrotliEncoderState* const state_;
};

}  // namespace

std::unique_ptr<Encoder> make_brotli(const BodyShape& shape) {
  auto made = std::make_unique<Brotli>();
  return made->open(shape) ? std::move(made) : nullptr;
}

std::string brotli_version() {
  const std::uint32_t version = BrotliEncoderVersion();
  return fmt::format("{}.{}.{}", version >> 24, version >> 12 & 0xfff, version & 0xfff);
}

}  // namespace tandem::gateway
