#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "gateway/passwords/basic_credential.h"
#include "gateway/passwords/htpasswd.h"

using namespace tandem::passwords;

namespace {

std::string said_of(std::string_view hash) {
  const auto parsed = PasswordHash::parse(hash);
  return parsed ? "good" : parsed.error();
}

std::string read(std::string_view credential) {
  const auto parsed = parse_basic(credential);
  return parsed ? parsed->name + "|" + parsed->password : "! " + std::string(parsed.error());
}

// All of "correct horse", by the tools of other projects.
const std::vector<std::string> kHashes = {
    "$2y$04$0to.fkHPGhTDjm6yPodgH.kqYK6UVDbm0s/VidiHE1SQo8chP.SZK",
    "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$5$rounds=1000$saltsalt$R6e4P8ccT9iMqkYg7Z8YtpId/lfsIfnuPkp8WXposU8",
    "$6$rounds=1000$saltsalt$4GMtaIz3E1AdDi2SmCokEW0ehi.HdxNDcL3fGE1XXuzvo6kbx7UOloZKONqEk5H3JrQA4NOfU8BmqFPrpGqwA1",
    "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
    "$y$j75$saltsaltsalt$zQziiNee/3jd.PJJvsNgy7GH5uO3HbsUNcQ3Jsopj2B",
    "$y$j9T$SMR7EtAfiZPP4j90aLhUf0$M8u5df8VLXbJ7E8Zv5QZjIjWIyG879aGmLidLcupmN0",
    "$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$Xsx9a9EurcwBl119vJ8YSf5u1e2bzsYk7ymcELniW8M",
    "$argon2i$v=19$m=2048,t=2,p=2$c2FsdHNhbHQ$j/XUlLTqkIl8nd9NUphG1IBf8PKbO32WWToSDogmH2I"};

}  // namespace

TEST_CASE("password hash: what the usual tools write is checked, and only the right password passes") {
  for (const std::string& text : kHashes) {
    CAPTURE(text);
    const auto hash = PasswordHash::parse(text);
    REQUIRE(hash);
    CHECK(hash->check("correct horse") == PasswordHash::Answer::right);
    for (const char* wrong : {"", "correct horse ", "Correct horse", "correct hors", text.c_str()}) {
      CHECK(hash->check(wrong) == PasswordHash::Answer::wrong);
    }
  }
}

TEST_CASE("password hash: what is weak, unknown, cut off or too dear is refused, each for its reason") {
  for (const char* weak : {"$apr1$salt$Xxv4WhT1qTd9Ut0K8ggnB1", "$1$salt$qJH7.N4xYta3aEG/dfqo/0", "rEK1ecacw.7.c",
                           "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=", "{PLAIN}x"}) {
    CHECK(said_of(weak).starts_with("this kind of hash is too weak"));
  }
  CHECK(said_of("secret").starts_with("it is no hash of a password"));
  CHECK(said_of("").starts_with("it is no hash of a password"));
  CHECK(said_of("$7$abc").starts_with("this kind of hash is not known"));
  CHECK(said_of("$").starts_with("this kind of hash is not known"));
  for (const std::string& text : kHashes) {
    for (std::size_t size = 1; size < text.size(); ++size) {  // a shorter hash of Argon2 is one, too
      if (text.starts_with("$argon2") && size > text.rfind('$') + 22) continue;
      CHECK_MESSAGE(!PasswordHash::parse(text.substr(0, size)), text.substr(0, size));
    }
    CHECK(said_of(text + "!") != "good");
    CHECK(said_of(text + " ") != "good");
  }
  const std::string salted = "abcdefghijklmnopqrstuuKLMNOPQRSTUVWXYZabcdefghijklmno";
  CHECK(said_of("$2y$31$" + salted).starts_with("it would take too long"));
  CHECK(said_of("$6$rounds=999999999$salt$" + std::string(86, 'a')).starts_with("it would take too long"));
  CHECK(said_of("$6$rounds=x$salt$" + std::string(86, 'a')).starts_with("it is malformed"));
  CHECK(said_of("$y$jFT$salt$" + std::string(43, 'a')).starts_with("it would take too long"));
  CHECK(said_of("$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$" + std::string(43, 'a')).starts_with("it would take"));
  CHECK(said_of("$argon2id$v=19$m=65536,t=4000,p=1$c2FsdHNhbHQ$" + std::string(43, 'a')).starts_with("it would take"));
}

TEST_CASE("htpasswd: users by line, every fault with its place, no name twice, nothing of a line in a message") {
  const std::string hash = kHashes[0];
  const Users read =
      parse_htpasswd("# people\n\nada:" + hash + "\r\nbob:" + hash + ":Bob of the shop\n \t\nlast:" + hash);
  CHECK(read.faults.empty());
  REQUIRE(read.users.size() == 3);
  CHECK(read.users[1].name == "bob");
  CHECK(read.users[2].line == 6);
  CHECK(read.users[0].hash.check("correct horse") == PasswordHash::Answer::right);

  const Users wrong =
      parse_htpasswd("ada\n:" + hash + "\nbob:plain text\nb\x01:x\nada:" + hash + "\nada:" + hash + "\n");
  CHECK(wrong.users.size() == 1);
  std::string said;
  for (const auto& fault : wrong.faults) {
    said += std::to_string(fault.line) + ":" + std::to_string(fault.column) + " ";
    CHECK_FALSE(fault.text.contains("plain text"));
  }
  CHECK(said == "1:1 2:1 3:5 4:1 6:1 ");
}

TEST_CASE("basic credential: one spelling, one name, one password") {
  CHECK(read("YTpi") == "a|b");
  CHECK(read("YTpiOmM=") == "a|b:c");
  CHECK(read("YTpiYw==") == "a|bc");
  CHECK(read("w6Q6w7w=") == "ä|ü");
  for (const char* wrong : {"", "YTp", "YTpiYw", "YTpiYw=", "YTpiYx==", "YTpi=", "====", "YT pi", "YTpi ", "YTpi\n",
                            "_-_-", "YQ==", "OmI=", "YTo=", "YTpiAA==", "YTpiCg==", "AGE6Yg==", "YTpi,YTpi"}) {
    CHECK_MESSAGE(read(wrong).starts_with("!"), wrong);
  }
  CHECK(read(std::string(5000, 'A')).starts_with("!"));
}
