#include "common/net/client_hello.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/client_hello.h"

using namespace tandem;
using namespace tandem::net;
using namespace tandem::test;

namespace {

using Read = Result<std::optional<ClientHello>>;

// What `step` bytes more at a time make of `bytes`: the first answer that is not "more".
Read fed(std::string_view bytes, std::size_t step) {
  ClientHelloReader reader;
  for (std::size_t n = 0; n < bytes.size();) {
    n = std::min(bytes.size(), n + step);
    const std::string exact(bytes.substr(0, n));  // a copy of its own size: the sanitizer sees a look behind it
    auto read = reader.read(exact);
    if (!read || *read) return read;
  }
  return std::nullopt;
}

ClientHello takes(const std::string& bytes) {
  const auto whole = fed(bytes + "what follows", bytes.size() + 12);
  REQUIRE_MESSAGE(whole, whole.error().detail);
  REQUIRE(*whole);
  for (const std::size_t step : {1U, 7U, 1460U}) {
    const auto slow = fed(bytes, step);
    REQUIRE(slow);
    REQUIRE(*slow);
    CHECK((*slow)->server_name == (*whole)->server_name);
    CHECK((*slow)->protocols == (*whole)->protocols);
  }
  return **whole;
}

void refuses(std::string_view bytes, std::string_view reason = "client_hello_invalid") {
  CAPTURE(bytes);
  for (const std::size_t step : {bytes.size(), std::size_t{1}, std::size_t{1460}}) {
    const auto read = fed(bytes, std::max<std::size_t>(step, 1));
    REQUIRE(!read);
    CHECK(read.error().reason == reason);
    CHECK(read.error().origin == Origin::client);
    CHECK(!read.error().detail.empty());
  }
}

std::vector<std::string> all(std::string_view protocols) {
  std::vector<std::string> names;
  while (!protocols.empty()) names.emplace_back(next_protocol(protocols));
  return names;
}

std::string grease(std::uint16_t type) { return extension(type, std::string(1, '\0')); }

}  // namespace

TEST_CASE("client hello: name and protocols of an ordinary one") {
  const ClientHello read = takes(hello(grease(0x0a0a) + server_name("api.example.com") + extension(23, "") +
                                       protocols({"h2", "http/1.1"}) + grease(0xfafa)));
  CHECK(read.server_name == "api.example.com");
  CHECK(all(read.protocols) == std::vector<std::string>{"h2", "http/1.1"});
}

TEST_CASE("client hello: without extensions, without name, without protocols") {
  CHECK(takes(hello("")).server_name.empty());
  CHECK(takes(hello(protocols({"h2"}))).server_name.empty());
  CHECK(takes(hello(server_name("a"))).protocols.empty());
  std::string body = std::string("\x03\x00", 2) + std::string(32, 'r') + vector(1, "") +
                     vector(2, std::string("\x00\x2f", 2)) + vector(1, std::string(1, '\0'));
  CHECK(takes(record("\x01" + vector(3, body))).server_name.empty());  // an SSL 3 client's: no extensions at all
}

TEST_CASE("client hello: over any number of records") {
  const std::string message =
      hello_message(extension(21, std::string(8'000, '\0')) + server_name("deep.example.com") + protocols({"h2"}));
  for (const std::size_t size : {1U, 3U, 4U, 5U, 100U, 2'800U, 16'384U}) {
    CAPTURE(size);
    CHECK(takes(records(message, size)).server_name == "deep.example.com");
  }
}

TEST_CASE("client hello: sixteen kilobytes and more") {
  for (const std::size_t padding : {16'384U, 40'000U, 65'000U}) {
    const std::string message = hello_message(extension(0xfe0d, std::string(padding, 'x')) + server_name("big"));
    CHECK(takes(records(message)).server_name == "big");
  }
}

TEST_CASE("client hello: 64 KiB are the most, however they are cut") {
  const std::string long_one =
      hello_message(extension(1, std::string(60'000, 'x')) + extension(2, std::string(9'000, 'x')));
  const std::string its_length = records(long_one).substr(0, 9);
  refuses(its_length, "client_hello_too_large");
  const std::string in_crumbs = records(hello_message(extension(1, std::string(20'000, 'x'))), 1);
  REQUIRE(in_crumbs.size() > kMaxClientHello);
  refuses(in_crumbs, "client_hello_too_large");
  CHECK(fed(in_crumbs.substr(0, kMaxClientHello - 1), 1460));
}

TEST_CASE("client hello: names are brought into one form") {
  CHECK(takes(hello(server_name("API.Example.COM"))).server_name == "api.example.com");
  CHECK(takes(hello(server_name("example.com."))).server_name == "example.com");
  CHECK(takes(hello(server_name("xn--bcher-kva.example"))).server_name == "xn--bcher-kva.example");
  CHECK(takes(hello(server_name("192.0.2.1"))).server_name.empty());
  CHECK(takes(hello(server_name("2001:db8::1"))).server_name.empty());
}

TEST_CASE("client hello: what is no host name is refused") {
  using namespace std::string_literals;
  for (const std::string& name :
       {""s, "."s, "a..b"s, ".a"s, "a b"s, "a\0.b"s, "a\r\nb"s,
        "b\xc3\xbc"
        "cher.example"s,
        "*.a"s, "a/b"s, "[::1]"s, std::string(64, 'a'), std::string(126, 'a') + "." + std::string(127, 'b')}) {
    refuses(hello(server_name(name)));
  }
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += i ? ".a" : "a";
  CHECK(takes(hello(server_name(longest))).server_name == longest);
  refuses(hello(server_name(longest + ".a")));
}

TEST_CASE("client hello: two names, another kind of name, wrong lengths in the list of names") {
  const std::string one = std::string(1, '\0') + vector(2, "a.example");
  refuses(hello(extension(0, vector(2, one + one))));
  refuses(hello(server_name("a.example", 1)));
  refuses(hello(extension(0, "")));
  refuses(hello(extension(0, vector(2, ""))));
  refuses(hello(extension(0, vector(2, one) + "x")));
  refuses(hello(extension(0, number(one.size() + 1, 2) + one)));
  refuses(hello(extension(0, vector(2, std::string(1, '\0') + number(10, 2) + "a.example"))));
}

TEST_CASE("client hello: an extension that comes twice is refused, which of them would count is not for us to say") {
  refuses(hello(server_name("a") + server_name("b")));
  refuses(hello(protocols({"h2"}) + protocols({"h2"})));
  refuses(hello(grease(0x1a1a) + server_name("a") + grease(0x1a1a)));
}

TEST_CASE("client hello: protocol lists that are wrong") {
  refuses(hello(extension(16, "")));
  refuses(hello(protocols({})));
  refuses(hello(protocols({"h2", ""})));
  refuses(hello(extension(16, vector(2, "\x03h2"))));
  refuses(hello(extension(16, vector(2, "\x02h2") + "x")));
  const std::string wire = {2, 'h', '2', 3, 'a', 'b', 'c'};
  CHECK(all(takes(hello(extension(16, vector(2, wire)))).protocols) == std::vector<std::string>{"h2", "abc"});
}

TEST_CASE("client hello: lengths that lie") {
  const std::string good = hello_message(server_name("a.example"));
  std::string longer = good, shorter = good;
  ++longer[3], --shorter[3];
  refuses(record(longer + "x"));
  refuses(record(shorter));
  refuses(hello(number(0, 2) + number(9, 2) + "short"));
  refuses(hello("x"));
  for (const auto& change : std::vector<HelloParts>{{.version = "\x02\x00"},
                                                    {.session = std::string(33, 's')},
                                                    {.ciphers = "\x13"},
                                                    {.ciphers = ""},
                                                    {.compressions = ""},
                                                    {.behind = "x"}}) {
    refuses(records(hello_message("", change)));
  }
  refuses(record(std::string("\x01\x00\x00\x00", 4)));
}

TEST_CASE("client hello: records that are wrong") {
  const std::string message = hello_message(server_name("a.example"));
  refuses(record(""));
  refuses(record(message.substr(0, 20)) + record("") + record(message.substr(20)));
  refuses(record(message.substr(0, 20)) + "\x17" + record(message.substr(20)).substr(1));  // data in the middle
  refuses(record(message.substr(0, 20)) + "\x16\x02" + record(message.substr(20)).substr(2));
  refuses("\x16\x03\x01" + number((1 << 14) + 1, 2));
  refuses(record("\x02" + message.substr(1)));  // a ServerHello
}

TEST_CASE("client hello: what is no TLS is known by its first bytes") {
  using namespace std::string_literals;
  for (const std::string& bytes :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n"s, "SSH-2.0-OpenSSH_9\r\n"s, "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n"s, "\0"s,
        "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"s /* SSL 2 */, "\x15\x03\x01\x00\x02\x01\x00"s /* an alert */,
        "\x16\x02"s, "\x16\xfe\xfd"s /* DTLS */}) {
    refuses(bytes, "not_tls");
  }
}

TEST_CASE("client hello: nothing is said while it may still become one") {
  const std::string whole = hello(server_name("a.example"));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto read = fed(whole.substr(0, n), 1);
    REQUIRE(read);
    CHECK(!*read);
  }
}

TEST_CASE("client hello: the first of a list of protocols") {
  std::string_view list(
      "\x02h2\x00\x05"
      "ab",
      7);
  CHECK(next_protocol(list) == "h2");
  CHECK(next_protocol(list).empty());
  CHECK(next_protocol(list).empty());  // cut short: gives nothing, and ends
}
