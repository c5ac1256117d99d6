#include <zstd.h>

#include <algorithm>
#include <bit>

#include "gateway/filters/encoder.h"

namespace tandem::gateway {
namespace {

constexpr int kLevel = 3;
constexpr int kWindow = 17;
constexpr int kEventWindow = 12;
constexpr int kSmallestWindow = 10;
constexpr int kTables = 15;  // bits of its hash tables, which are most of what it holds
constexpr int kEventTables = 12;
constexpr std::size_t kPiece = 16 * 1024;

class Zstd final : public Encoder {
 public:
  Zstd() : context_(ZSTD_createCCtx()) {}
  Zstd(const Zstd&) = delete;
  ~Zstd() override { ZSTD_freeCCtx(context_); }

  bool open(const BodyShape& shape) {
    if (!context_) return false;
    const int tables = shape.events ? kEventTables : kTables;
    int window = shape.events ? kEventWindow : kWindow;
    if (shape.length) window = std::clamp(static_cast<int>(std::bit_width(*shape.length)), kSmallestWindow, kWindow);
    return set(ZSTD_c_compressionLevel, kLevel) && set(ZSTD_c_windowLog, window) && set(ZSTD_c_hashLog, tables) &&
           set(ZSTD_c_chainLog, tables);
  }

  bool encode(std::string_view in, Then then, std::string& out) override {
    const ZSTD_EndDirective end = then == Then::finish  ? ZSTD_e_end
                                  : then == Then::flush ? ZSTD_e_flush
                                                        : ZSTD_e_continue;
    ZSTD_inBuffer input = {in.data(), in.size(), 0};
    while (true) {
      const std::size_t before = out.size();
      out.resize(before + kPiece);
      ZSTD_outBuffer output = {out.data() + before, kPiece, 0};
      const std::size_t left = ZSTD_compressStream2(context_, &output, &input, end);
      out.resize(before + output.pos);
      if (ZSTD_isError(left)) return false;
      if (then == Then::go_on ? input.pos == input.size : left == 0) return true;
    }
  }

 private:
  bool set(ZSTD_cParameter parameter, int value) {
    return !ZSTD_isError(ZSTD_CCtx_setParameter(context_, parameter, value));
  }

  ZSTD_CCtx* const context_;
};

}  // namespace

std::unique_ptr<Encoder> make_zstd(const BodyShape& shape) {
  auto made = std::make_unique<Zstd>();
  return made->open(shape) ? std::move(made) : nullptr;
}

std::string zstd_version() { return ZSTD_versionString(); }

}  // namespace tandem::gateway
