// Asks the service on behalf of a flight: in an exchange of its own, so that it goes on when the client that began it
// leaves, as fast as the service sends, however slowly clients read. Keeps what may be kept and tells the flight. On
// its worker's thread; shared by the coroutine that runs it and by whoever began the flight.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "gateway/cache/flight.h"
#include "gateway/cache/store.h"
#include "gateway/detached_exchange.h"
#include "gateway/filters/filter.h"

namespace tandem::gateway {

class Fetch final : public std::enable_shared_from_this<Fetch> {
 public:
  struct Order {
    std::shared_ptr<cache::Store> store;
    std::shared_ptr<cache::Flight> flight;
    std::shared_ptr<const cache::Entry> old;  // stored and no longer good as it is; may be null
    cache::Asked asked;
  };
  // `of`: whose request it is; `next`: what stands behind the cache.
  Fetch(const Exchange& of, Next next, Order order);

  // Begins; the flight ends in any case.
  static void launch(std::shared_ptr<Fetch> fetch);

  // ---- for who began the flight, once it was released or cut

  Response take_response();                 // an answer that is not kept; this outlives it
  std::unique_ptr<BodySource> take_rest();  // of a body that is too long: what comes after the bytes of the flight
  std::string_view why_not() const { return why_not_; }  // it was not kept; a literal
  const ExchangeReport& report() { return exchange_.exchange().report; }
  SpanList& spans() { return exchange_.exchange().spans; }

 private:
  class Rest;

  async::Task<void> run();
  async::Task<bool> ask();  // false: what is stored was no help, ask once more without it
  void set_conditions();
  bool can_stand_in() const;  // the old answer, where there is no good one
  bool revalidated(const http::Fields& fields);
  async::Task<void> receive();
  void release(std::string_view why);
  std::shared_ptr<cache::StoredHead> make_head(const cache::Policy& policy, const http::Fields& fields,
                                               cache::Selection selection, int status, bool has_body);
  async::Task<void> take_body(std::shared_ptr<const cache::StoredHead> head);
  bool append(std::string_view run);
  bool add_block(std::size_t capacity);
  void shrink_last();
  void finish(std::shared_ptr<const cache::StoredHead> head);

  const Order order_;
  DetachedExchange exchange_;
  const Next next_;
  std::shared_ptr<const cache::Entry> old_;  // still of use
  bool asks_about_old_ = false;
  WallTime wall_received_{};
  Instant asked_at_{};
  Instant received_{};
  Response response_;
  std::string_view why_not_;
  std::string overflow_;  // what was read and found no room

  std::shared_ptr<cache::Body> body_;
  std::uint64_t filled_ = 0;
  std::uint64_t left_ = 0;  // of a body whose length is known
};

}  // namespace tandem::gateway
