// Chunked bodies: the same body, end and error for every cut; and what was decoded, written anew, decodes to the same.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/body_decoder.h"
#include "tests/fuzz/require.h"

using namespace tandem::http;

namespace {

struct Outcome {
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  std::string_view error;
};

Outcome decode(std::string_view bytes, std::size_t piece) {
  Outcome out;
  BodyDecoder decoder(BodyDecoder::Of::request, BodyFraming::chunked(), 1 << 20);
  while (out.consumed < bytes.size() && !decoder.done() && !decoder.error()) {
    const std::string in(bytes.substr(out.consumed, piece));  // a fresh allocation, so that reads beyond it show
    const BodyStep step = decoder.next(in);
    require(step.consumed <= in.size() && (step.consumed > 0 || decoder.error()));
    out.body += step.data;
    out.consumed += step.consumed;
  }
  out.done = decoder.done();
  if (decoder.error()) out.error = decoder.error()->detail;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = decode(bytes, bytes.size() + 1);
  const Outcome pieces = decode(bytes, 1 + data[0] % 16);
  require(whole.done == pieces.done && whole.error == pieces.error);
  if (!whole.error.empty()) return 0;
  require(whole.body == pieces.body && whole.consumed == pieces.consumed);
  std::string again;
  if (!whole.body.empty()) again.append(ChunkHead(whole.body.size()).text()).append(whole.body).append(kChunkEnd);
  const Outcome second = decode(again.append(kLastChunk), again.size());
  require(second.done && second.body == whole.body);
  return 0;
}
