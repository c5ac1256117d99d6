#include "common/net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <span>
#include <utility>

#include "common/net/socket.h"
#include "common/net/socket_calls.h"
#include "common/net/tls_certificate.h"

namespace tandem::net {
namespace {

constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
constexpr std::uint32_t kMostMessages = 300;  // steps for key updates and tickets in a connection's life

int session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

IoResult ok(std::size_t bytes) { return {IoResult::Status::ok, bytes, 0}; }
IoResult blocked() { return {IoResult::Status::blocked, 0, 0}; }

// Messages of the handshake protocol that come after it (key updates, tickets) make this side work, however many come.
void on_state(const ssl_st* ssl, int where, int) {
  if (where & SSL_CB_LOOP) TlsSession::of(ssl)->count_message();
}

std::size_t hash_of(std::span<const char> bytes) {
  return std::hash<std::string_view>{}(std::string_view(bytes.data(), bytes.size()));
}

}  // namespace

// OpenSSL's way to the socket: recv and send without SIGPIPE, no call that can only say "nothing more", a handshake's
// messages in one segment.
struct TlsBio {
  static TlsSession& session(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int size) {
    TlsSession& s = session(bio);
    BIO_clear_retry_flags(bio);
    if (s.messages_ > kMostMessages) {
      s.error_ = EPROTO;
      return -1;
    }
    if (!s.before_.empty()) {
      const std::size_t n = std::min(s.before_.size(), static_cast<std::size_t>(size));
      s.before_.copy(into, n);
      s.before_.erase(0, n);
      if (s.before_.empty()) s.before_.shrink_to_fit();
      return took(s, into, n);
    }
    if (s.drained_) return retry(bio, true);
    const ssize_t n = receive(s.fd_, {into, static_cast<std::size_t>(size)});
    if (n > 0) {
      s.drained_ = n < size;
      return took(s, into, static_cast<std::size_t>(n));
    }
    if (n == 0) {
      s.socket_ended_ = true;
      return 0;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      s.error_ = errno;
      return -1;
    }
    s.drained_ = s.asked_ = true;
    return retry(bio, true);
  }

  static int took(TlsSession& s, const char* bytes, std::size_t n) {
    for (std::size_t i = 0; i < n && s.first_count_ < sizeof s.first_; ++i) s.first_[s.first_count_++] = bytes[i];
    return static_cast<int>(n);
  }

  static int write(BIO* bio, const char* bytes, int size) {
    TlsSession& s = session(bio);
    BIO_clear_retry_flags(bio);
    if (!s.established_) {
      s.out_.append(bytes, static_cast<std::size_t>(size));
      return size;
    }
    const int flags = MSG_NOSIGNAL | (s.more_follows_ ? MSG_MORE : 0);
    const ssize_t n = send(s.fd_, std::span(bytes, static_cast<std::size_t>(size)), flags);
    if (n >= 0) return static_cast<int>(n);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return retry(bio, false);
    s.error_ = errno;
    return -1;
  }

  static int retry(BIO* bio, bool reading) {
    if (reading) {
      BIO_set_retry_read(bio);
    } else {
      BIO_set_retry_write(bio);
    }
    return -1;
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    return command == BIO_CTRL_EOF && session(bio).socket_ended_ ? 1 : 0;
  }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tandem socket");
      BIO_meth_set_read(m, &TlsBio::read);
      BIO_meth_set_write(m, &TlsBio::write);
      BIO_meth_set_ctrl(m, &TlsBio::control);
      return m;
    }();
    return made;
  }
};

TlsSession::TlsSession(ssl_st* ssl, std::shared_ptr<const Maker> maker) : ssl_(ssl), maker_(std::move(maker)) {
  SSL_set_ex_data(ssl_, session_index(), this);
  SSL_set_info_callback(ssl_, &on_state);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

TlsSession* TlsSession::of(const ssl_st* ssl) {
  return static_cast<TlsSession*>(SSL_get_ex_data(ssl, session_index()));
}

void TlsSession::attach(int fd, std::string_view already_read) {
  fd_ = fd;
  before_ = already_read;
  BIO* bio = BIO_new(TlsBio::method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
}

void TlsSession::count_message() {
  if (established_) ++messages_;
}

// ---- the handshake

bool TlsSession::saw_plain_http() const {
  return first_count_ >= 3 && std::all_of(first_, first_ + first_count_,
                                          [](char c) { return (c >= 'A' && c <= 'Z') || c == ' ' || c == '/'; });
}

TlsSession::Leaving TlsSession::left() const {
  if (socket_ended_) return Leaving::ended;
  return error_ == ECONNRESET ? Leaving::reset : Leaving::no;
}

// The messages of one step go out together. False: the socket has taken a part only, or is broken (then error_ is set).
bool TlsSession::flush_handshake() {
  while (!out_.empty()) {
    const ssize_t n = send(fd_, std::span<const char>(out_), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK) error_ = errno;
      return false;
    }
    out_.erase(0, static_cast<std::size_t>(n));
  }
  std::string().swap(out_);
  return true;
}

IoResult TlsSession::handshake() {
  drained_ = false;
  wants_write_ = false;
  ERR_clear_error();
  const int result = SSL_is_init_finished(ssl_) && !out_.empty() ? 1 : SSL_do_handshake(ssl_);
  IoResult stop = result == 1 ? ok(0) : stopped(result);
  if (stop.failed() || stop.ended()) {
    stop.status = IoResult::Status::failed;
    (void)flush_handshake();  // the alert, if it goes
    return stop;
  }
  if (!flush_handshake()) {
    if (error_ != 0) return fail(error_);
    wants_write_ = true;
    return blocked();
  }
  established_ = stop.ok();
  return stop;
}

// What a call of OpenSSL's that did not succeed means for the caller.
IoResult TlsSession::stopped(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ: return blocked();
    case SSL_ERROR_WANT_WRITE: wants_write_ = true; return blocked();
    case SSL_ERROR_ZERO_RETURN:
      truncated_ = truncated_ || socket_ended_;
      if (!established_) what_failed_ = "the peer closed the connection in the handshake";
      return {IoResult::Status::ended, 0, established_ ? 0 : ECONNRESET};
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      if (error_ == 0) error_ = socket_ended_ ? ECONNRESET : EPROTO;
      if (!established_) {
        what_failed_ = socket_ended_ ? "the peer closed the connection in the handshake" : errno_text(error_);
      }
      return fail(error_);
    default: break;
  }
  what_failed_ = verification_failure();
  if (what_failed_.empty()) what_failed_ = take_tls_error();
  ERR_clear_error();
  return fail(EPROTO);
}

std::string TlsSession::verification_failure() const {
  if (ERR_GET_REASON(ERR_peek_error()) != SSL_R_CERTIFICATE_VERIFY_FAILED) return {};
  const long verdict = SSL_get_verify_result(ssl_);
  return std::string("certificate verify failed: ") + X509_verify_cert_error_string(verdict);
}

IoResult TlsSession::fail(int error) {
  broken_ = true;
  return {IoResult::Status::failed, 0, error};
}

// ---- reading

IoResult TlsSession::read(std::span<char> into) {
  if (read_error_ != 0) return fail(read_error_);
  drained_ = asked_ = false;
  std::size_t got = 0;
  while (got < into.size()) {
    std::size_t n = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_, into.data() + got, into.size() - got, &n);
    if (result == 1) {
      got += n;
      continue;
    }
    wants_write_ = false;
    const IoResult stop = stopped(result);
    crossed_ = crossed_ || wants_write_;
    if (got == 0 && stop.blocked() && half_read()) continue;
    if (got == 0) return stop;
    // What comes behind these bytes is told by an event of its own: no further one need come from the socket, which
    // tells of a failure once only.
    if (stop.failed()) read_error_ = stop.error;
    if (!stop.blocked() && watch_ != kNoWatch) Reactor::current().later(watch_, kReadable | kPeerClosed);
    break;
  }
  return ok(got);
}

// A short read of the socket has given a part of a record. Behind it may stand the end, which an event has told of
// already: so the socket itself must say that there is nothing more. Once in a call.
bool TlsSession::half_read() {
  if (asked_ || !drained_) return false;
  drained_ = false;
  return true;
}

IoResult TlsSession::peek() {
  drained_ = asked_ = false;
  while (true) {
    char first = 0;
    std::size_t n = 0;
    ERR_clear_error();
    const int result = SSL_peek_ex(ssl_, &first, 1, &n);
    const IoResult stop = result == 1 ? ok(n) : stopped(result);
    if (!stop.blocked() || !half_read()) return stop;
  }
}

// ---- writing

IoResult TlsSession::write_record(std::span<const char> bytes) {
  if (refused_ > 0) {
    // The record is sealed already, perhaps sent in part: other bytes in its place would be told as sent.
    if (bytes.size() < refused_ || hash_of(bytes.first(refused_)) != refused_of_) return fail(EPROTO);
  }
  std::size_t n = 0;
  ERR_clear_error();
  const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &n);
  if (result == 1) {
    refused_ = 0;
    return ok(n);
  }
  wants_write_ = false;
  const IoResult stop = stopped(result);
  if (!stop.blocked()) return stop.failed() ? stop : fail(EPIPE);
  crossed_ = crossed_ || !wants_write_;
  if (refused_ == 0) {
    refused_ = static_cast<std::uint32_t>(bytes.size());
    refused_of_ = hash_of(bytes);
  }
  return stop;
}

IoResult TlsSession::write(std::span<const char> bytes, bool more_follows) {
  if (broken_) return {IoResult::Status::failed, 0, error_ == 0 ? EPIPE : error_};
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const std::span<const char> left = bytes.subspan(sent);
    const std::span<const char> record = left.first(std::min(left.size(), kRecord));
    more_follows_ = more_follows || record.size() < left.size();
    const IoResult result = write_record(record);
    more_follows_ = false;
    if (!result.ok()) return sent > 0 && result.blocked() ? ok(sent) : result;
    sent += result.bytes;
  }
  return ok(sent);
}

bool TlsSession::end_output() {
  if (broken_ || !established_) return true;
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_);
  if (result >= 0) return true;
  wants_write_ = false;
  ending_ = stopped(result).blocked() && wants_write_;
  return !ending_;
}

// ---- events

// Nothing may follow the call: the owner may have closed the socket, and this with it.
void TlsSession::on_ready(std::uint8_t readiness) noexcept {
  if (crossed_ && readiness & (kReadable | kWritable)) readiness |= kReadable | kWritable;
  if (ending_ && readiness & kWritable) {
    ending_ = false;
    if (end_output()) ::shutdown(fd_, SHUT_WR);
  }
  target_->on_ready(readiness);
}

}  // namespace tandem::net
