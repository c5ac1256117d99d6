#include <doctest/doctest.h>

#include "tests/common/net/relay_pairs.h"

using namespace tandem;
using namespace tandem::net;
using namespace tandem::net::test;
using namespace std::chrono_literals;

namespace {

// Holds all pipes, so that every flow copies.
std::vector<Pipe> take_all_pipes() {
  std::vector<Pipe> pipes;
  while (true) {
    Pipe pipe = PipePool::shared().take();
    if (!pipe.is_open()) return pipes;
    pipes.push_back(std::move(pipe));
  }
}

void sends_in_random_chunks(Peer& from, const std::string& bytes) {
  std::uint32_t state = 7;
  for (std::size_t at = 0; at < bytes.size();) {
    state = state * 1664525 + 1013904223;
    const std::size_t most = state & 0x1000 ? 400'000 : 3'000;
    const std::size_t size = std::min<std::size_t>(bytes.size() - at, 1 + (state >> 8) % most);
    from.send(std::string_view(bytes).substr(at, size));
    at += size;
  }
  from.shutdown_write();
}

void carries_both_ways(Pair client_side, Pair server_side, std::size_t size) {
  Between between(std::move(client_side), std::move(server_side));
  between.start();
  const std::string bytes = pattern(size);
  std::thread upload([&] { sends_in_random_chunks(between.client, bytes); });
  std::thread download([&] { sends_in_random_chunks(between.server, bytes); });
  std::string down;
  std::thread reader([&] { down = between.client.read_all(); });
  const std::string up = between.server.read_all();
  for (std::thread* thread : {&upload, &download, &reader}) thread->join();
  CHECK(up.size() == size);
  CHECK(down.size() == size);
  CHECK((up == bytes && down == bytes));  // not shown: it is megabytes
  between.end();
  CHECK(between.to_server == size);
  CHECK(between.to_client == size);
}

}  // namespace

TEST_CASE("relay: bytes go both ways and are counted") {
  Between between(tcp_pair(), tcp_pair());
  between.start();
  between.client.send("question");
  CHECK(between.server.read(8) == "question");
  between.server.send("an answer");
  CHECK(between.client.read(9) == "an answer");
  between.client.close();
  CHECK(between.server.read_all().empty());
  between.server.close();
  CHECK(between.end() == RelayEnd::client);
  CHECK(between.to_server == 8);
  CHECK(between.to_client == 9);
}

TEST_CASE("relay: the client's end of input reaches the server after the last byte, and the answer still comes") {
  Between between(tcp_pair(), tcp_pair());
  between.start();
  between.client.send("last words");
  between.client.shutdown_write();
  CHECK(between.server.read_all() == "last words");
  CHECK(between.server.error() == 0);
  const std::string answer = pattern(3'000'000);
  std::thread sender([&] {
    between.server.send(answer);
    between.server.close();
  });
  const bool same = between.client.read_all() == answer;
  sender.join();
  CHECK(same);
  CHECK(between.client.error() == 0);
  CHECK(between.end() == RelayEnd::client);
}

TEST_CASE("relay: the server's end of input reaches the client, and the client may go on sending") {
  Between between(tcp_pair(), tcp_pair());
  between.start();
  between.server.send("hello");
  between.server.shutdown_write();
  CHECK(between.client.read_all() == "hello");
  between.client.send("still here");
  CHECK(between.server.read(10) == "still here");
  between.client.close();
  CHECK(between.server.read_all().empty());
  CHECK(between.end() == RelayEnd::server);
}

TEST_CASE("relay: both ends at once end it cleanly") {
  Between between(tcp_pair(), tcp_pair());
  between.client.send("a");
  between.server.send("b");
  between.client.shutdown_write();
  between.server.shutdown_write();
  between.start();
  CHECK(between.server.read_all() == "a");
  CHECK(between.client.read_all() == "b");
  CHECK(between.client.error() == 0);
  between.end();
}

TEST_CASE("relay: 64 MB in random pieces arrive byte for byte, spliced") {
  carries_both_ways(tcp_pair(), tcp_pair(), 64 << 20);
  CHECK(PipePool::shared().made() > 0);
}

TEST_CASE("relay: 64 MB in random pieces arrive byte for byte, copied") {
  const auto pipes = take_all_pipes();
  CHECK(pipes.size() <= PipePool::kMost);
  carries_both_ways(tcp_pair(), tcp_pair(), 64 << 20);
}

TEST_CASE("relay: small socket buffers and unix sockets change nothing") {
  carries_both_ways(tcp_pair(4096), tcp_pair(4096), 1 << 20);
  carries_both_ways(unix_pair(), tcp_pair(), 8 << 20);
  const auto pipes = take_all_pipes();
  carries_both_ways(tcp_pair(4096), unix_pair(), 1 << 20);
}

TEST_CASE("relay: a reader that does not read stops the sender, and little is held meanwhile") {
  for (const bool spliced : {true, false}) {
    CAPTURE(spliced);
    const auto pipes = spliced ? std::vector<Pipe>() : take_all_pipes();
    Between between(tcp_pair(65536), tcp_pair(65536));
    between.start();
    const std::string bytes = pattern(16 << 20);
    const std::size_t sent = between.client.send_until_full(bytes);
    CHECK(sent < 4U << 20);
    const std::size_t held = between.with_relay([](Relay& relay) { return relay.bytes_held(); });
    CHECK(held > 0);
    CHECK(held <= (spliced ? 256U : 64U) * 1024);
    between.client.shutdown_write();
    const bool same = between.server.read_all() == std::string_view(bytes).substr(0, sent);
    CHECK(same);
    CHECK(between.with_relay([](Relay& relay) { return relay.bytes_held(); }) == 0);
    between.server.close();
    CHECK(between.end() == RelayEnd::client);
  }
}

TEST_CASE("relay: what was read before it began goes first, and the header is not counted") {
  Between between(tcp_pair(), tcp_pair());
  between.client.send(" waiting");
  between.start({"HEADER ", "early", "greeting"});
  CHECK(between.server.read(20) == "HEADER early waiting");
  CHECK(between.client.read(8) == "greeting");
  between.client.close();
  between.server.close();
  between.end();
  CHECK(between.to_server == 13);
  CHECK(between.to_client == 8);
}

TEST_CASE("relay: a preface larger than everything that is in the way is delivered whole") {
  Between between(tcp_pair(4096), tcp_pair(4096));
  const std::string early = pattern(1 << 20);
  between.start({"HEADER", early, {}});
  between.client.shutdown_write();
  const bool same = between.server.read_all() == "HEADER" + early;
  CHECK(same);
  between.server.close();
  CHECK(between.end() == RelayEnd::client);
  CHECK(between.to_server == early.size());
}

TEST_CASE("relay: an urgent byte keeps its place, and what follows it arrives") {
  for (const char* last : {"fg", ""}) {
    Between between(tcp_pair(), tcp_pair());
    between.start();
    between.client.send("ab");
    CHECK(between.server.read(2) == "ab");
    CHECK(::send(between.client.fd(), "cd", 2, MSG_OOB) == 2);
    CHECK(between.server.read(1) == "c");
    between.client.send(last);
    between.client.shutdown_write();
    CHECK(between.server.read_all() == std::string("d") + last);
    between.server.close();
    CHECK(between.end() == RelayEnd::client);
  }
}

TEST_CASE("relay: a turnaround is seen at every change of direction, and the header opens none") {
  Between between(tcp_pair(), tcp_pair());
  between.start({"HEADER", {}, {}});
  CHECK(between.server.read(6) == "HEADER");
  between.server.send("banner");
  CHECK(between.client.read(6) == "banner");
  CHECK(between.turnarounds() == 0);
  CHECK(between.turnarounds_started() == 0);
  CHECK(between.with_relay([](Relay& relay) { return relay.first_byte_at() != Instant{}; }));
  for (int round = 1; round <= 3; ++round) {
    between.client.send("q");
    CHECK(between.server.read(1) == "q");
    CHECK(between.with_relay([](Relay& relay) { return relay.turnaround_since() != Instant{}; }));
    CHECK(between.turnarounds_started() == round);
    between.client.send("r");  // more of the same question
    CHECK(between.server.read(1) == "r");
    CHECK(between.turnarounds_started() == round);
    between.server.send("aa");
    CHECK(between.client.read(2) == "aa");
    CHECK(between.turnarounds() == round);
    CHECK(between.with_relay([](Relay& relay) { return relay.turnaround_since() == Instant{}; }));
  }
}

TEST_CASE("relay: an idle one is small") { CHECK(sizeof(Relay) <= 224); }
