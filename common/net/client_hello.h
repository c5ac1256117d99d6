// The first message of a TLS connection, read without answering it: for passing TLS through to the right server. Knows
// the record and the handshake layer as far as a ClientHello goes (RFC 8446 §4.1.2, §5.1; the older versions' is the
// same). No socket, no OpenSSL, any thread.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace tandem::net {

// What a ClientHello may take on the wire, the headers of its records included. Those with post-quantum keys have about
// 2 KB, OpenSSL takes up to 16 KB.
inline constexpr std::size_t kMaxClientHello = 64 * 1024;

struct ClientHello {
  // The name asked for (SNI), as normal_host_name() gives it. Empty: none, or an IP address, which is no name
  // (RFC 6066 §3). With Encrypted Client Hello it is the outer one.
  std::string server_name;
  // The protocols offered (ALPN), the most wanted first, as they are on the wire: each with its length in front.
  // Nonsense ones that are there on purpose (GREASE, RFC 8701) are left in.
  std::string protocols;
};

// Takes the first protocol off a list such as ClientHello::protocols; empty at its end.
std::string_view next_protocol(std::string_view& protocols);

// Reads one ClientHello that arrives in any number of pieces and records. Keeps a copy of the message while it is not
// whole; each byte is looked at once, however small the pieces.
class ClientHelloReader {
 public:
  // `all_so_far`: everything received since the connection began, contiguous: what was given before, and more. Gives
  // nothing while more bytes are needed. What comes behind the message is not looked at. Fails, with origin client, by
  // "not_tls" (the first bytes begin no TLS handshake; SSL 2 is none), "client_hello_invalid" or
  // "client_hello_too_large". Not to be asked again after it gave a hello or failed.
  Result<std::optional<ClientHello>> read(std::string_view all_so_far);

 private:
  Result<bool> begin_record(std::string_view bytes);
  Result<void> check_head() const;
  std::size_t wanted() const;

  std::size_t at_ = 0;           // the first byte that was not looked at
  std::size_t record_left_ = 0;  // of the payload of the record that has begun
  std::string message_;          // without the records
};

}  // namespace tandem::net
