#include <zlib.h>

#include <algorithm>
#include <bit>

#include "gateway/filters/encoder.h"

namespace tandem::gateway {
namespace {

constexpr int kLevel = 5;
constexpr int kGzipWrapping = 16;  // added to the window's bits: a gzip header and trailer instead of zlib's
constexpr std::size_t kPiece = 16 * 1024;

class Gzip final : public Encoder {
 public:
  ~Gzip() override {
    if (ready_) deflateEnd(&stream_);
  }

  // A window no larger than the body; (1 << (bits + 2)) + (1 << (memory + 9)) bytes are held.
  bool open(const BodyShape& shape) {
    int bits = 15, memory = 8;
    if (shape.events) bits = 12, memory = 5;
    if (shape.length) {
      bits = std::clamp(static_cast<int>(std::bit_width(*shape.length)), 9, 15);
      memory = std::clamp(bits - 7, 2, 8);
    }
    ready_ = deflateInit2(&stream_, kLevel, Z_DEFLATED, bits + kGzipWrapping, memory, Z_DEFAULT_STRATEGY) == Z_OK;
    return ready_;
  }

  bool encode(std::string_view in, Then then, std::string& out) override {
    // zlib takes no const pointer, and writes nothing there.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    const int mode = then == Then::finish ? Z_FINISH : then == Then::flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
    while (true) {
      const std::size_t before = out.size();
      out.resize(before + kPiece);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      stream_.avail_out = kPiece;
      const int result = deflate(&stream_, mode);
      out.resize(out.size() - stream_.avail_out);
      if (result == Z_STREAM_END) return true;
      if (result != Z_OK && result != Z_BUF_ERROR) return false;
      if (stream_.avail_out != 0) return then != Then::finish;  // it had room and stopped: nothing is left to come
    }
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Encoder> make_gzip(const BodyShape& shape) {
  auto made = std::make_unique<Gzip>();
  return made->open(shape) ? std::move(made) : nullptr;
}

std::string gzip_version() { return zlibVersion(); }

}  // namespace tandem::gateway
