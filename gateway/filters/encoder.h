// Content codings (RFC 9110 §8.4.1, RFC 7932, RFC 8878) behind one small interface: bytes in, encoded bytes out, as a
// stream. One object per body, on its worker's thread; each holds a bounded amount of memory, less where the body is
// short or an endless stream.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/filters/options.h"

namespace tandem::gateway {

std::string_view coding_name(Encoding encoding);  // as Content-Encoding says it

class Encoder {
 public:
  enum class Then : std::uint8_t {
    go_on,   // more comes: what is worth waiting for may be held back
    flush,   // a decoder must be able to read everything up to here
    finish,  // the end; nothing may follow
  };
  virtual ~Encoder() = default;
  // Appends to `out` what comes out of `in`. False when the library fails, which only lack of memory can make it do.
  virtual bool encode(std::string_view in, Then then, std::string& out) = 0;
};

struct BodyShape {
  std::optional<std::uint64_t> length;  // if it is known
  bool events = false;                  // small pieces over a long time, of which many may be open: memory counts
};

// Null when there is no memory for it.
std::unique_ptr<Encoder> make_encoder(Encoding encoding, const BodyShape& shape);

std::unique_ptr<Encoder> make_gzip(const BodyShape& shape);    // 20 KiB to 256 KiB
std::unique_ptr<Encoder> make_brotli(const BodyShape& shape);  // up to about 1 MiB
std::unique_ptr<Encoder> make_zstd(const BodyShape& shape);    // up to about 1 MiB

// Of the libraries.
std::string gzip_version();
std::string brotli_version();
std::string zstd_version();

}  // namespace tandem::gateway
