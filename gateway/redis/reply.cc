#include "gateway/redis/reply.h"

#include <hiredis/hiredis.h>

#include <utility>

namespace tandem::redis {

// What hiredis calls while it reads: values are made within their list, the outermost alone.
struct ReplyFunctions {
  // Null: more values than a reply may have, which ends the reading.
  static Reply* make(const redisReadTask* task, Reply::Kind kind, std::size_t more = 0) {
    auto& of = *static_cast<ReplyReader*>(task->privdata);
    if (!task->parent) of.values_ = 0;
    of.values_ += more + (task->parent ? 0 : 1);
    if (of.values_ > ReplyReader::kMostValues) return nullptr;
    Reply* made =
        task->parent ? &static_cast<Reply*>(task->parent->obj)->list[static_cast<std::size_t>(task->idx)] : new Reply;
    made->kind = kind;
    return made;
  }
  static void* text(const redisReadTask* task, char* bytes, std::size_t size) {
    const auto kind = task->type == REDIS_REPLY_ERROR    ? Reply::Kind::error
                      : task->type == REDIS_REPLY_STATUS ? Reply::Kind::status
                                                         : Reply::Kind::text;
    Reply* made = make(task, kind);
    if (made) made->text.assign(bytes, size);
    return made;
  }
  template <class Count>  // int, or size_t in newer versions
  static void* list(const redisReadTask* task, Count count) {
    const auto size = static_cast<std::size_t>(count);
    if (size > ReplyReader::kMostValues) return nullptr;
    Reply* made = make(task, Reply::Kind::list, size);
    if (made) made->list.resize(size);
    return made;
  }
  static void* integer(const redisReadTask* task, long long number) {
    Reply* made = make(task, Reply::Kind::integer);
    if (made) made->integer = number;
    return made;
  }
  static void* nothing(const redisReadTask* task) { return make(task, Reply::Kind::nothing); }
  static void free(void* reply) { delete static_cast<Reply*>(reply); }  // an outermost one

  static redisReplyObjectFunctions* all() {
    static redisReplyObjectFunctions functions = [] {
      redisReplyObjectFunctions made{};
      made.createString = &text;
      made.createArray = &list;
      made.createInteger = &integer;
      made.createNil = &nothing;
      made.freeObject = &free;
      return made;
    }();
    return &functions;
  }
};

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(ReplyFunctions::all())) {
  reader_->privdata = this;
}
ReplyReader::~ReplyReader() = default;

void ReplyReader::feed(std::string_view bytes) {
  if (!error_.empty() || bytes.empty()) return;
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) error_ = reader_->errstr;
}

std::optional<Reply> ReplyReader::next() {
  if (!error_.empty()) return std::nullopt;
  void* made = nullptr;
  if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK) {
    error_ = reader_->errstr[0] == '\0' ? "it makes no sense" : reader_->errstr;
    return std::nullopt;
  }
  if (made) {
    const std::unique_ptr<Reply> reply(static_cast<Reply*>(made));
    return std::move(*reply);
  }
  if (reader_->len - reader_->pos > kMostBytes) error_ = "a reply is too long";
  return std::nullopt;
}

}  // namespace tandem::redis
