// What Redis answers (RESP2), read by hiredis out of whatever pieces come: a bounded number of values in a bounded
// number of bytes, for a server is believed no further than that.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace tandem::redis {

struct Reply {
  enum class Kind : std::uint8_t { nothing, status, error, integer, text, list };
  Kind kind = Kind::nothing;
  std::int64_t integer = 0;
  std::string text;  // of status, error and text
  std::vector<Reply> list;

  bool is_error() const { return kind == Kind::error; }
};

class ReplyReader {
 public:
  static constexpr std::size_t kMostBytes = 64 * 1024;  // of a reply that is not whole yet
  static constexpr std::size_t kMostValues = 1024;      // in one reply

  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  void feed(std::string_view bytes);
  // The next whole reply; nothing: it is still to come, or never will (see error()).
  std::optional<Reply> next();
  // Why the stream makes no sense any more; empty: it does.
  const std::string& error() const { return error_; }

 private:
  friend struct ReplyFunctions;
  struct Free {
    void operator()(redisReader* reader) const;
  };
  const std::unique_ptr<redisReader, Free> reader_;
  std::size_t values_ = 0;  // of the reply that is being read
  std::string error_;
};

}  // namespace tandem::redis
