#include "gateway/filters/encoder.h"

namespace tandem::gateway {

std::string_view coding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::gzip: return "gzip";
    case Encoding::br: return "br";
    case Encoding::zstd: break;
  }
  return "zstd";
}

std::unique_ptr<Encoder> make_encoder(Encoding encoding, const BodyShape& shape) {
  switch (encoding) {
    case Encoding::gzip: return make_gzip(shape);
    case Encoding::br: return make_brotli(shape);
    case Encoding::zstd: break;
  }
  return make_zstd(shape);
}

}  // namespace tandem::gateway
