// Chunked bodies (RFC 9112 §7.1), read strictly and without copying, and the pieces to write them anew. A decoder
// belongs to one body. Extensions and trailers are checked and dropped: neither ever reaches the other side.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "common/http/http_error.h"

namespace tandem::http {

// One step through the bytes of a body: `data` is the next run of it, inside what was given and possibly empty;
// `consumed` bytes of what was given are done with.
struct BodyStep {
  std::string_view data;
  std::size_t consumed = 0;
};

struct ChunkLimits {
  std::size_t max_overhead = 16 * 1024;  // a body: extensions, and zeros that pad sizes
  std::size_t max_trailers = 8 * 1024;   // a body
  std::size_t min_average = 16;          // bytes a chunk, looked at once `average_after` bytes have come; 0: any
  std::size_t average_after = 64 * 1024;

  // Servers that stream events send small chunks for hours.
  static constexpr ChunkLimits for_responses() { return {.min_average = 0}; }
};

class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(ChunkLimits limits = {}) : limits_(limits) {}

  // Until done() or refused(): call again with what is left. Always consumes at least one byte of a non-empty input
  // unless it refuses.
  BodyStep next(std::string_view in);

  bool done() const { return state_ == State::done; }
  bool refused() const { return state_ == State::refused; }
  std::string_view error_text() const { return error_text_; }
  std::uint64_t chunk_remaining() const { return state_ == State::data ? size_ : 0; }  // announced, not yet come

 private:
  // size → [extension …] → size_lf → data → data_cr → data_lf → size …; size 0 → trailers → done
  enum class State : std::uint8_t {
    size_first,
    size,
    ext_name_first,
    ext_name,
    ext_name_blank,
    ext_value_first,
    ext_value,
    ext_quoted,
    ext_escaped,
    ext_end,
    ext_end_blank,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    refused
  };
  State step_size(char c);
  State step_extension(char c);
  State step_trailer(char c);
  State end_of_size_line();
  State refuse(std::string_view why);

  ChunkLimits limits_;
  State state_ = State::size_first;
  std::uint8_t digits_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t chunks_ = 0, body_ = 0, wire_ = 0;
  std::size_t overhead_ = 0, trailers_ = 0;
  std::string_view error_text_;
};

// "1f4\r\n": what stands before a chunk of `size` (not 0) bytes. After the data follows kChunkEnd, at the end
// kLastChunk.
class ChunkHead {
 public:
  explicit ChunkHead(std::uint64_t size);
  std::string_view text() const { return {text_.data() + begin_, text_.size() - begin_}; }

 private:
  std::array<char, 18> text_;
  std::size_t begin_;
};
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace tandem::http
