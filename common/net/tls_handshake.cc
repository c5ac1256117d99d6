#include "common/net/tls_handshake.h"

#include <string>
#include <utility>

namespace tandem::net {
namespace {

async::Task<Result<void>> shake_hands(Stream& stream, Instant deadline) {
  while (true) {
    const IoResult step = stream.try_handshake();
    if (step.ok()) co_return Result<void>{};
    if (!step.blocked()) co_return fail(Origin::internal, "tls_handshake", stream.socket().tls()->what_failed());
    const bool writing = stream.socket().tls()->wants_write();
    auto waited = writing ? co_await stream.writable(deadline) : co_await stream.readable(deadline);
    if (!waited) co_return waited;
  }
}

std::unexpected<Error> no_session() {
  return fail(Origin::internal, "overloaded", "no TLS session can be made: " + take_tls_error());
}

}  // namespace

async::Task<Result<void>> accept_tls(Stream& stream, const TlsServerContext& context, std::string_view already_read,
                                     Instant deadline) {
  auto session = context.session();
  if (!session) co_return no_session();
  stream.start_tls(std::move(session), already_read);
  auto done = co_await shake_hands(stream, deadline);
  if (done) co_return done;
  Error error = std::move(done.error());
  if (error.reason == "timeout") error.origin = Origin::client;
  if (error.reason == "tls_handshake") {
    error.origin = Origin::client;
    if (stream.socket().tls()->saw_plain_http()) {
      stream.stop_tls();
      error.reason = "tls_plain_http";
      error.detail = "plain HTTP came where TLS is spoken";
    }
  }
  co_return std::unexpected(std::move(error));
}

std::string_view handshake_failure(const Error& error) {
  if (error.reason == "timeout") return "timeout";
  return error.reason == "tls_plain_http" ? "plain_http" : "failed";
}

async::Task<Result<void>> connect_tls(Stream& stream, const TlsClientContext& context, Address server, std::string name,
                                      Instant deadline) {
  auto session = context.session(server, name);
  if (!session) co_return no_session();
  stream.start_tls(std::move(session));
  auto done = co_await shake_hands(stream, deadline);
  if (done) co_return done;
  if (done.error().reason == "timeout") {
    co_return fail(Origin::upstream, "upstream_connect_timeout", "TLS with " + server.to_string() + ": timed out",
                   true);
  }
  if (done.error().reason != "tls_handshake") co_return done;
  co_return fail(Origin::upstream, "upstream_tls", "TLS with " + server.to_string() + ": " + done.error().detail, true);
}

}  // namespace tandem::net
