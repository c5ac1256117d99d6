// What goes to a client before its answer: 100 Continue, and the interim heads of a service. Several may want to write
// at a time (an upload and the handler): their heads go out whole and one after the other, the final answer behind
// them. Part of a request's RequestBody, on its worker's thread.
#pragma once
#include <string>
#include <string_view>

#include "common/async/event.h"
#include "common/net/stream.h"

namespace tandem::gateway {

class InterimAnswers {
 public:
  explicit InterimAnswers(net::Stream* stream) : stream_(stream) {}  // null: nobody hears of them

  void set_idle(Duration idle) { idle_ = idle; }  // how long a write may wait without progress

  // Sends a whole head behind those that wait already; a writer that is at work takes it along. Errors: "timeout",
  // "reset", the scope's reason.
  async::Task<Result<void>> send(std::string_view head);

  // Nothing waits and nobody writes: the final answer may go.
  bool settled() const { return !writing_ && waiting_.empty(); }
  async::Task<Result<void>> settle();

 private:
  async::Task<Result<void>> flush();
  async::Task<Result<void>> write_waiting();

  net::Stream* const stream_;
  Duration idle_ = kNever;
  std::string waiting_;
  bool writing_ = false;
  async::Event ended_;  // the writer has
};

}  // namespace tandem::gateway
