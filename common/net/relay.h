// Two connected sockets whose bytes go to each other: what a client's connection becomes at layer 4, and an upgraded
// one at layer 7. Owned by whoever made the pair; lives on one reactor's thread and never moves.
//
// Two equal halves, each a flow from its own socket to the other one:
//
//   open ── end of input seen ──> draining ── last byte taken, end passed on ──> finished       both finished: ended
//
// A read goes into the worker's scratch buffer and is written on at once. Only what the other side does not take is
// kept (and nothing more is read meanwhile), so an idle relay owns no buffer. A flow that fills the scratch buffer
// several times in a row goes over to splice, and comes back when its reads fall short.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/async/timer_wheel.h"
#include "common/net/pipe_pool.h"
#include "common/net/socket.h"
#include "common/net/tcp_path.h"

namespace tandem::net {

// Who ended it and how. `client` and `server`: whose end of input came first, when both had come.
enum class RelayEnd : std::uint8_t {
  client,
  server,
  idle,
  half_closed_timeout,
  reset_by_client,
  reset_by_server,
  drain,        // the process or the listener ends
  server_down,  // the owner gave the server up
  refused,      // the owner did not want the client's first bytes
};
std::string_view to_string(RelayEnd end);  // the word in logs: "reset_by_client"

enum class Toward : std::uint8_t { server, client };

struct RelayTimeouts {
  Duration idle = std::chrono::minutes(5);          // no byte in either direction
  Duration half_closed = std::chrono::seconds(30);  // the same, once one direction has ended
};

// Bytes that go ahead of what is read. They are taken over or sent before start() returns.
struct RelayPreface {
  std::string_view header;     // to the server first, whole and once; not counted as payload (PROXY protocol)
  std::string_view to_server;  // already read from the client; may lie in the scratch buffer
  std::string_view to_client;  // already read from the server; likewise, but not both
};

class Relay;

// One half of a relay: a socket, and what is read from it on its way to the other one.
struct RelayFlow : EventTarget {
  enum class State : std::uint8_t { open, draining, finished };

  // What only a flow that is behind or splices needs.
  struct Busy {
    std::string held;  // read, and not yet taken by the other side from `taken` on
    std::size_t taken = 0;
    Pipe pipe;
  };

  RelayFlow(Socket from, bool readable) : socket(std::move(from)), may_read(readable) {}
  std::size_t rest() const { return busy ? busy->held.size() - busy->taken + busy->pipe.bytes() : 0; }

  Socket socket;
  std::int64_t passed_on = 0;  // bytes that the other side took; begins below zero by the preface's header
  std::unique_ptr<Busy> busy;  // null while idle
  State flow = State::open;
  std::uint8_t streak = 0;  // copying: full reads in a row; splicing: turns in a row that fell short
  bool may_read;
  bool may_write = true;
  bool peer_closed = false;    // the peer's end is in the socket's queue: a short read reaches it
  bool trusts_events = false;  // what an earlier owner was told (an end, say) is not known until this is set
  bool has_urgent = false;     // reads stop at an urgent byte, so a short one means nothing
  bool splicing = false;
  bool can_splice = true;
  bool broken = false;  // its connection has failed, before the other one's

 protected:
  ~RelayFlow() = default;
};

// A base of its relay, which it thus finds without a pointer: there are as many as idle connections.
template <Toward>
struct RelayHalf : RelayFlow {
  using RelayFlow::RelayFlow;
  void on_ready(std::uint8_t readiness) noexcept override;

 protected:
  ~RelayHalf() = default;
};

class Relay final : private async::Timer, private RelayHalf<Toward::server>, private RelayHalf<Toward::client> {
 public:
  class Owner {
   public:
    // Once, when both sockets have been closed; the relay may be destroyed in it. Never called from within start() or
    // close().
    virtual void on_relay_end(Relay& relay, RelayEnd end) noexcept = 0;
    // A turnaround is the time from the last client byte sent on to the first byte back, at every change of direction:
    // told when the first of those client bytes has been sent, and with its length when it is over. One that is open
    // at the end stays so. Must not close or destroy the relay.
    virtual void on_turnaround_started(Relay&, Instant) noexcept {}
    virtual void on_turnaround(Relay&, Duration) noexcept {}
    // Payload that a side took: what makes up bytes_to_server() and bytes_to_client(), as it goes.
    virtual void on_passed_on(Relay&, Toward, std::size_t) noexcept {}
    // Both sockets are about to be closed, and still tell of themselves.
    virtual void on_closing(Relay&) noexcept {}
    // The client's first bytes, before any of them is passed on (a preface's header aside). False: none is, and the
    // relay ends as `refused`. Must not close or destroy the relay.
    virtual bool on_first_bytes(Relay&, std::span<const char>) noexcept { return true; }

   protected:
    ~Owner() = default;
  };

  struct Side {
    Socket socket;
    bool may_read = true;  // false: no event has told of bytes or an end that were not read
  };

  Relay(Side client, Side server, const RelayTimeouts& timeouts, Owner& owner);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Begins; to be called once. When it fails (no room in the kernel's set), nothing has been sent and no end is
  // reported.
  Result<void> start(const RelayPreface& preface = {});

  // Closes both sockets now and reports the end soon. Idempotent: the first reason stays. A side that would miss bytes
  // already read for it sees a reset instead of a clean end.
  void close(RelayEnd why);
  bool ended() const { return ended_; }
  RelayEnd end() const { return end_; }  // once it has ended

  std::uint64_t bytes_to_server() const { return payload(client()); }
  std::uint64_t bytes_to_client() const { return payload(server()); }
  Instant first_byte_at() const { return first_byte_at_; }  // of the server; Instant{} before it
  bool half_closed() const { return client().flow == Flow::finished || server().flow == Flow::finished; }
  Instant turnaround_since() const { return turnaround_since_; }  // an open turnaround's beginning, or Instant{}
  TcpPaths paths() const { return {tcp_path(client().socket), tcp_path(server().socket)}; }
  std::size_t bytes_held() const;  // read and not yet taken by the other side

 private:
  friend RelayHalf<Toward::server>;
  friend RelayHalf<Toward::client>;
  using Half = RelayFlow;
  using Flow = RelayFlow::State;
  using Busy = RelayFlow::Busy;
  struct Share;

  void on_half_ready(Half& half, std::uint8_t readiness) noexcept;
  static void on_timer(async::Timer& timer) noexcept;

  void begin(const RelayPreface& preface);
  void run();
  void pump(Half& from);
  void copy(Half& from, Share& share, std::size_t prefix);
  std::size_t read(Half& from, std::span<char> into, Share& share);
  void splice(Half& from, Share& share);
  static void open_pipe(Half& from);
  static Busy& make_busy(Half& from);
  void pass_on(Half& from, std::span<const char> bytes);
  void hold(Half& from, std::span<const char> bytes);
  bool deliver_rest(Half& from);
  void on_input_end(Half& from);
  void pass_end(Half& from);
  void keep_urgent_bytes(Half& half);
  void give_others_a_turn();

  void on_answer();
  void on_delivered(Half& from, std::size_t bytes);
  void on_broken(Half& half);
  void last_words(Half& from);

  Duration limit() const;
  void watch_idleness();
  void shut(RelayEnd why);
  void report();
  void report_soon();

  // What comes from the client goes towards the server.
  Half& client() { return static_cast<RelayHalf<Toward::server>&>(*this); }
  Half& server() { return static_cast<RelayHalf<Toward::client>&>(*this); }
  const Half& client() const { return static_cast<const RelayHalf<Toward::server>&>(*this); }
  const Half& server() const { return static_cast<const RelayHalf<Toward::client>&>(*this); }

  Half* broken() { return client().broken ? &client() : server().broken ? &server() : nullptr; }
  Half& other(const Half& half) { return &half == &client() ? server() : client(); }
  static std::uint64_t payload(const Half& half) {
    return half.passed_on > 0 ? static_cast<std::uint64_t>(half.passed_on) : 0;
  }

  const RelayTimeouts timeouts_;
  Owner& owner_;
  Instant last_activity_{};
  Instant first_byte_at_{};
  Instant turnaround_since_{};
  RelayEnd end_ = RelayEnd::client;
  bool input_ended_ = false;  // of either side: end_ says of which first
  bool queued_ = false;       // waits for its next turn in the reactor's list
  bool starting_ = false;
  bool ended_ = false;
};

static_assert(sizeof(Relay) <= 208, "an idle connection's cost");

template <Toward to>
void RelayHalf<to>::on_ready(std::uint8_t readiness) noexcept {
  static_cast<Relay&>(*this).on_half_ready(*this, readiness);
}

}  // namespace tandem::net
