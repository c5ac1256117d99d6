#include "gateway/redis/reply.h"

#include <doctest/doctest.h>

#include "gateway/redis/command.h"

using namespace tandem::redis;
using Kind = Reply::Kind;
using std::string_literals::operator""s;

TEST_CASE("redis replies: every kind, in pieces of one byte and many at once") {
  const std::string stream =
      "+OK\r\n-NOSCRIPT No matching script\r\n:-12\r\n$6\r\na\r\n\0bc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
      "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$-1\r\n+y\r\n"s;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    ReplyReader reader;
    std::vector<Reply> replies;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reader.feed(std::string_view(stream).substr(at, piece));
      while (auto reply = reader.next()) replies.push_back(*std::move(reply));
    }
    CHECK(reader.error() == "");
    REQUIRE(replies.size() == 9);
    CHECK(replies[0].kind == Kind::status);
    CHECK(replies[0].text == "OK");
    CHECK(replies[1].is_error());
    CHECK(replies[1].text == "NOSCRIPT No matching script");
    CHECK(replies[2].integer == -12);
    CHECK(replies[3].text == "a\r\n\0bc"s);
    CHECK(replies[4].kind == Kind::text);
    CHECK(replies[5].kind == Kind::nothing);
    CHECK(replies[6].kind == Kind::nothing);
    CHECK(replies[7].kind == Kind::list);
    CHECK(replies[7].list.empty());
    REQUIRE(replies[8].list.size() == 3);
    CHECK(replies[8].list[1].list[0].text == "x");
    CHECK(replies[8].list[1].list[1].kind == Kind::nothing);
    CHECK(replies[8].list[2].text == "y");
  }
}

TEST_CASE("redis replies: what makes no sense, is endless or is too much ends the reading") {
  std::string many = "*1000\r\n", nested;
  for (int i = 0; i < 1000; ++i) many += "*100\r\n";
  for (int i = 0; i < 1000; ++i) nested += "*1\r\n";
  for (const std::string& stream :
       {"HTTP/1.1 400 Bad Request\r\n"s, "*2147483647\r\n"s, "*1025\r\n"s, "$99999999999999999999\r\n"s, ":12x\r\n"s,
        "*-2\r\n"s, "$100000000\r\n" + std::string(70'000, 'x'), std::string(70'000, '+'), many, nested}) {
    ReplyReader reader;
    reader.feed(stream);
    CHECK_FALSE(reader.next());
    CHECK_MESSAGE(reader.error() != "", stream.substr(0, 20));
    reader.feed("+OK\r\n");
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("redis replies: a limit on values is one on each reply, not on all") {
  ReplyReader reader;
  for (int i = 0; i < 5000; ++i) {
    reader.feed("*2\r\n:1\r\n:2\r\n");
    REQUIRE(reader.next());
  }
}

TEST_CASE("redis commands: each word goes with its length") {
  std::string out = "before";
  const std::string_view words[] = {"SET", "a\r\nb", ""};
  append_command(out, words);
  CHECK(out == "before*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n");
}

TEST_CASE("redis scripts: are known by the SHA-1 of their source") {
  CHECK(Script("return 1").sha == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}
