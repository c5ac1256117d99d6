#include "gateway/filters/cache/answer.h"

#include <fmt/format.h>

#include "common/async/scheduler.h"
#include "common/http/byte_class.h"
#include "gateway/cache/conditions.h"
#include "gateway/cache/range.h"
#include "gateway/cache/structured_field.h"

namespace tandem::gateway {
namespace {

using http::FieldId;

// What a 304 carries of the answer that the client has (RFC 9110 §15.4.5).
bool belongs_in_304(const http::Field& field) {
  switch (field.id) {
    case FieldId::cache_control:
    case FieldId::date:
    case FieldId::etag:
    case FieldId::expires:
    case FieldId::last_modified:
    case FieldId::vary: return true;
    default:
      return field.id == FieldId::other && (http::equals_ignoring_case(field.name, "content-location") ||
                                            http::equals_ignoring_case(field.name, "cdn-cache-control"));
  }
}

// Bytes [at, end) of a stored body; keeps the entry, which has what the answer's fields point to.
class StoredBody final : public BodySource {
 public:
  StoredBody(std::shared_ptr<const cache::Entry> entry, std::uint64_t begin, std::uint64_t end)
      : entry_(std::move(entry)), at_(begin), end_(end) {}
  async::Task<Result<std::string_view>> read() override { co_return next(); }
  std::optional<Result<std::string_view>> try_read() override { return next(); }
  bool done() const override { return at_ == end_; }

 private:
  std::string_view next() {
    if (at_ == end_) return {};
    const std::string_view run = entry_->body->run_at(at_).substr(0, end_ - at_);
    at_ += run.size();
    return run;
  }

  const std::shared_ptr<const cache::Entry> entry_;
  std::uint64_t at_;
  const std::uint64_t end_;
};

// The body of a flight, read while it comes.
class ComingBody final : public BodySource {
 public:
  using State = cache::Flight::State;

  ComingBody(std::shared_ptr<cache::Flight> flight, std::shared_ptr<const cache::StoredHead> head,
             std::shared_ptr<Fetch> fetch)
      : watch_(std::move(flight)), head_(std::move(head)), fetch_(std::move(fetch)) {}

  async::Task<Result<std::string_view>> read() override {
    while (true) {
      watch_.arm();
      if (auto run = try_read()) co_return *std::move(run);
      if (rest_) co_return co_await rest_->read();
      if (auto changed = co_await watch_.changed(); !changed) co_return std::unexpected(std::move(changed.error()));
    }
  }

  std::optional<Result<std::string_view>> try_read() override {
    if (rest_) return rest_->try_read();
    auto run = watch_.flight().run_at(at_);
    if (!run.bytes.empty()) {
      at_ += run.bytes.size();
      block_ = std::move(run.block);
      return run.bytes;
    }
    switch (run.state) {
      case State::stored: ended_ = true; return std::string_view();
      case State::failed: return std::unexpected(std::move(run.error));
      case State::cut:
        if (!fetch_) return fail(Origin::upstream, "upstream_reset", "the answer grew too long to be shared");
        rest_ = fetch_->take_rest();
        return rest_->try_read();
      default: return std::nullopt;
    }
  }

  bool done() const override { return rest_ ? rest_->done() : ended_; }

 private:
  cache::Flight::Watch watch_;
  const std::shared_ptr<const cache::StoredHead> head_;  // what the answer's fields point to
  const std::shared_ptr<Fetch> fetch_;
  std::shared_ptr<const cache::Block> block_;  // of the run that was handed out last
  std::unique_ptr<BodySource> rest_;
  std::uint64_t at_ = 0;
  bool ended_ = false;
};

void tell_age(Response& response, const cache::StoredHead& head, Instant now) {
  response.add("Age", std::to_string(head.age(now)));
}

void answer_304(Response& response, const cache::StoredHead& head) {
  response.status = 304;
  for (const http::Field& field : head.fields()) {
    if (belongs_in_304(field)) response.fields.add(field.name, field.value, field.id);
  }
}

// True where a part is asked for, or one that is not there.
bool answer_part(Response& response, std::string_view range, const std::shared_ptr<const cache::Entry>& entry) {
  const std::uint64_t size = entry->body->size;
  const cache::ByteRange part = cache::parse_range(range, size);
  if (part.kind == cache::ByteRange::Kind::whole) return false;
  if (part.kind == cache::ByteRange::Kind::unsatisfiable) {
    response.status = 416;
    response.fields.clear();
    response.framing = http::BodyFraming::of_length(0);
    response.add("Content-Range", fmt::format("bytes */{}", size));
    response.body = std::make_unique<StoredBody>(entry, size, size);
    return true;
  }
  response.status = 206;
  response.framing = http::BodyFraming::of_length(part.last - part.first + 1);
  response.add("Content-Range", fmt::format("bytes {}-{}/{}", part.first, part.last, size));
  response.body = std::make_unique<StoredBody>(entry, part.first, part.last + 1);
  return true;
}

}  // namespace

CacheStatus::CacheStatus(std::string_view cache)
    : text_(cache::is_sf_token(cache) ? std::string(cache) : cache::quoted_string(cache)) {}

CacheStatus& CacheStatus::flag(std::string_view name) {
  text_.append(";").append(name);
  return *this;
}

CacheStatus& CacheStatus::word(std::string_view name, std::string_view token) {
  text_.append(";").append(name).append("=").append(token);
  return *this;
}

CacheStatus& CacheStatus::number(std::string_view name, std::int64_t value) {
  text_.append(";").append(name).append("=").append(std::to_string(value));
  return *this;
}

Response stored_answer(const Exchange& exchange, std::shared_ptr<const cache::Entry> entry, Instant now,
                       CacheStatus status) {
  const cache::StoredHead& head = *entry->head;
  const http::Fields& request = exchange.request.fields;
  const std::uint64_t size = entry->body->size;
  const bool conditional = request.has_any(http::FieldSet(FieldId::if_none_match, FieldId::if_modified_since));
  Response response;
  response.status = head.status();
  if (head.status() == 200 && conditional && cache::client_has_it(request, head.fields(), wall_now())) {
    answer_304(response, head);
    response.body = std::make_unique<StoredBody>(std::move(entry), size, size);
  } else {
    response.fields.reserve(head.fields().size() + 4);
    for (const http::Field& field : head.fields()) response.fields.add(field.name, field.value, field.id);
    const bool part = head.status() == 200 && exchange.request.method == http::Method::get &&
                      request.count(FieldId::range) == 1 && cache::range_applies(request, head.fields(), wall_now()) &&
                      answer_part(response, *request.value(FieldId::range), entry);
    if (!part) {
      if (head.has_body()) response.framing = http::BodyFraming::of_length(size);
      response.body = std::make_unique<StoredBody>(std::move(entry), 0, size);
    }
  }
  tell_age(response, head, now);
  response.add("Cache-Status", status.take());
  return response;
}

Response coming_answer(std::shared_ptr<cache::Flight> flight, const cache::Flight::Look& look,
                       std::shared_ptr<Fetch> fetch, CacheStatus status) {
  Response response;
  response.status = look.head->status();
  response.fields.reserve(look.head->fields().size() + 4);
  for (const http::Field& field : look.head->fields()) response.fields.add(field.name, field.value, field.id);
  if (look.head->has_body()) {
    response.framing = look.length ? http::BodyFraming::of_length(*look.length) : http::BodyFraming::chunked();
  }
  if (const cache::Seconds age = look.head->age(async::Scheduler::current().now()); age > 0) {
    response.add("Age", std::to_string(age));
  }
  response.add("Cache-Status", status.take());
  response.body = std::make_unique<ComingBody>(std::move(flight), look.head, std::move(fetch));
  return response;
}

}  // namespace tandem::gateway
