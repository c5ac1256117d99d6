// What a handler gives: a head, and a body that is pulled. Whoever writes the response pulls run after run; nothing is
// gathered on the way.
#pragma once
#include <forward_list>
#include <memory>
#include <string>
#include <string_view>

#include "common/async/task.h"
#include "common/base/error.h"
#include "common/http/message.h"
#include "common/net/pipe_pool.h"

namespace tandem::gateway {

struct UpstreamAttempt;

class BodySource {
 public:
  virtual ~BodySource() = default;
  // The next run, or an empty one at the end. Valid until the caller suspends or reads again.
  virtual async::Task<Result<std::string_view>> read() = 0;
  // The same without waiting: nothing when nothing is there yet.
  virtual std::optional<Result<std::string_view>> try_read() = 0;
  virtual bool done() const = 0;  // the end has been seen: the next read would be empty

  // For a body that nobody looks into: whether its next bytes can be moved by splice, moving them into an empty pipe
  // without waiting (nothing: none have come; 0: it can't after all), and waiting for more.
  virtual bool can_splice() const { return false; }
  virtual std::optional<Result<std::size_t>> try_splice(net::Pipe&) { return std::size_t{0}; }
  virtual async::Task<Result<void>> readable() { co_return Result<void>{}; }
};

struct Response {
  int status = 200;
  std::string_view reason;  // empty: the usual phrase
  http::Fields fields;      // end to end ones only; neither framing nor Date nor Via
  // How long the body is, if that is known; none: no body at all.
  http::BodyFraming framing;
  std::optional<std::uint64_t> declared_length;  // Content-Length of an answer without a body (to HEAD, 304)
  std::string text;                              // the body of an answer that the gateway made itself
  std::unique_ptr<BodySource> body;              // or where it comes from; owns what `fields` point to
  // A 101: behind its head the two connections belong together (see server/tunnel.h). Owns what `fields` point to.
  std::shared_ptr<UpstreamAttempt> upgraded;
  std::string_view refusal;  // the reason token of an answer that the gateway made itself; empty: a service's own
  bool close = false;        // the client's connection ends with this answer
  std::forward_list<std::string> storage;  // what `fields` point to, if nothing else owns it; stays where it is

  // Adds a field whose value the response itself keeps.
  void add(std::string_view name, std::string value) {
    storage.push_front(std::move(value));
    fields.add(name, storage.front());
  }
};

}  // namespace tandem::gateway
