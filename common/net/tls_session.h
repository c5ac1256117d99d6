// TLS on one socket. Owned by its Socket, which reads and writes through it, so that whoever owns the socket (a Stream,
// a Relay, a pool) knows nothing of it; lives on the reactor's thread. It stands between the reactor and the socket's
// owner: an event that TLS itself waits for is used here and passed on.
//
// Reads go on until the socket has nothing more, so a short one means drained as it does without TLS. A write takes
// whole records; what was refused must be offered again (the same bytes, from wherever they lie now).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/net/reactor.h"
#include "common/net/tls_facts.h"

struct ssl_st;
struct bio_st;
struct bio_method_st;

namespace tandem::net {

struct IoResult;

class TlsSession final : public EventTarget {
 public:
  // What made the session and must outlive it; hears of sessions that can be resumed.
  class Maker {
   public:
    virtual ~Maker() = default;
  };

  // `ssl` is taken over; it is in accept or connect state.
  TlsSession(ssl_st* ssl, std::shared_ptr<const Maker> maker);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  bool is_of(const Maker& maker) const { return maker_.get() == &maker; }

  // The descriptor to work on, and what had been read from it before TLS began.
  void attach(int fd, std::string_view already_read);

  // One step of the handshake. Blocked: wants_write() says for what. Failed: what_failed() says why.
  IoResult handshake();
  bool wants_write() const { return wants_write_; }
  bool established() const { return established_; }
  const std::string& what_failed() const { return what_failed_; }  // later: the peer's alert, or a broken record
  // The first bytes of the peer look like a request in plain HTTP. To be asked when the handshake has failed.
  bool saw_plain_http() const;
  // Likewise: the peer has gone without a word about it, by its end or by a reset.
  enum class Leaving : std::uint8_t { no, ended, reset };
  Leaving left() const;

  IoResult read(std::span<char> into);
  IoResult write(std::span<const char> bytes, bool more_follows);
  // Whether a read would give a byte, the end, or an error; takes in what TLS has to say for itself.
  IoResult peek();

  // Sends close_notify. False: the socket takes nothing now; it follows with the next event, and then the socket's own
  // end of output.
  bool end_output();
  bool is_ending() const { return ending_; }  // close_notify still waits
  // The input has ended without the peer's close_notify: somebody may have cut it off.
  bool truncated() const { return truncated_; }

  TlsFacts facts() const;

  // Its place between the reactor and `target`.
  EventTarget& watched_by(EventTarget& target) {
    target_ = &target;
    return *this;
  }
  void set_watch(WatchId watch) { watch_ = watch; }

  // For resuming: whose session it is in its maker's list.
  void set_resume_key(std::string key) { resume_key_ = std::move(key); }
  const std::string& resume_key() const { return resume_key_; }
  const Maker& maker() const { return *maker_; }

  static TlsSession* of(const ssl_st* ssl);
  void count_message();  // OpenSSL's state machine has made a step

 private:
  friend struct TlsBio;
  void on_ready(std::uint8_t readiness) noexcept override;
  IoResult stopped(int result);
  bool half_read();
  IoResult fail(int error);
  std::string verification_failure() const;
  bool flush_handshake();
  IoResult write_record(std::span<const char> bytes);

  ssl_st* ssl_;
  std::shared_ptr<const Maker> maker_;
  EventTarget* target_ = nullptr;
  WatchId watch_ = kNoWatch;
  int fd_ = -1;
  int error_ = 0;               // errno of the socket's last failure
  int read_error_ = 0;          // what stands behind the bytes that were read last
  std::uint32_t refused_ = 0;   // bytes of the record that the socket did not take whole …
  std::size_t refused_of_ = 0;  // … and the hash of what it holds
  std::uint32_t messages_ = 0;  // steps of the handshake protocol after the handshake
  bool established_ = false;
  bool wants_write_ = false;
  bool crossed_ = false;  // a read waited for writing or the other way round: an event is for both
  bool drained_ = false;  // within one call: the socket has nothing more …
  bool asked_ = false;    // … and has said so itself
  bool socket_ended_ = false;
  bool truncated_ = false;
  bool broken_ = false;  // no record can be sent any more
  bool more_follows_ = false;
  bool ending_ = false;  // close_notify waits for room
  std::uint8_t first_count_ = 0;
  char first_[4] = {};  // the peer's first bytes
  std::string before_;  // read from the socket before TLS began, and not yet taken
  std::string out_;     // of the handshake, on its way out
  std::string resume_key_;
  std::string what_failed_;
};

}  // namespace tandem::net
