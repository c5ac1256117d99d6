#include "common/config/section.h"

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include "common/config/parse.h"
#include "common/config/shared_sections.h"

using namespace tandem;
using namespace tandem::config;
using namespace std::chrono_literals;

namespace {

enum class Colour : std::uint8_t { red, green };
struct Inner {
  std::uint32_t size = 7;
};
struct Thing {
  std::string title = "untitled";
  bool wild = false;
  std::uint32_t count = 3;
  Duration pause = 5s;
  std::uint64_t room = 1024;
  double part = 0.25;
  Colour colour = Colour::green;
  std::optional<std::string> key;
  std::vector<IpPrefix> peers;
  Inner inner;
  Place inner_place;
};

const Section<Inner>& inner_section() {
  static const Section<Inner> section =
      Section<Inner>().field("size", &Inner::size, integer<std::uint32_t>(1, 9), "How large.").required();
  return section;
}

const Section<Thing>& thing_section() {
  static const Section<Thing> section =
      Section<Thing>()
          .field("title", &Thing::title, text(), "What it is called.")
          .field("wild", &Thing::wild, boolean(), "Whether it bites.")
          .field("count", &Thing::count, count_or_none(1), "How many.")
          .field("pause", &Thing::pause, duration_or_none(1ms), "How long it rests.")
          .field("room", &Thing::room, size(1, 4096), "How much it needs.")
          .field("part", &Thing::part, share(0.1), "Its part.")
          .field("colour", &Thing::colour, words<Colour>({{"red", Colour::red}, {"green", Colour::green}}),
                 "Its colour.")
          .field("key", &Thing::key, secret(), "Its key.")
          .field("peers", &Thing::peers, prefixes(), "Its friends.")
          .field("inner", &Thing::inner, table(inner_section()), "What is in it.")
          .at(&Thing::inner_place);
  return section;
}

struct Read {
  Thing thing;
  bool good;
  std::string errors;
};

Read read(std::string text) {
  Diagnostics diagnostics;
  const std::uint32_t file = diagnostics.add_file("t.toml", std::move(text));
  const auto root = parse_toml(file, diagnostics);
  REQUIRE_MESSAGE(root, diagnostics.render_errors());
  Reader reader(diagnostics);
  Read result;
  result.good = thing_section().read(reader, *root, result.thing);
  result.errors = diagnostics.render_errors();
  CHECK(result.good == result.errors.empty());
  return result;
}

}  // namespace

TEST_CASE("section: what is not written keeps the struct's default") {
  const Read result = read("");
  CHECK(result.good);
  CHECK(result.thing.title == "untitled");
  CHECK(result.thing.pause == 5s);
}

TEST_CASE("section: every kind reads what it shows") {
  const Read result = read(
      "title = \"x\"\nwild = true\ncount = \"none\"\npause = \"none\"\nroom = \"2KiB\"\npart = \"50%\"\ncolour = "
      "\"red\"\n"
      "key = \"k\"\npeers = [\"10.0.0.0/8\", \"::1\"]\ninner = { size = 8 }\n");
  REQUIRE_MESSAGE(result.good, result.errors);
  CHECK(result.thing.count == std::numeric_limits<std::uint32_t>::max());
  CHECK(result.thing.pause == kNever);
  CHECK(result.thing.colour == Colour::red);
  CHECK(result.thing.inner_place.line == 10);
  CHECK(to_toml(thing_section().show(result.thing)) ==
        "title = \"x\"\nwild = true\ncount = \"none\"\npause = \"none\"\nroom = \"2KiB\"\npart = \"50%\"\ncolour = "
        "\"red\"\n"
        "key = \"********\"\npeers = [\"10.0.0.0/8\", \"::1/128\"]\n\n[inner]\nsize = 8\n");
}

TEST_CASE("section: all that is wrong is said at once, and nothing wrong is taken over") {
  const Read result =
      read("wild = 1\ncount = 0\npause = \"0s\"\nroom = 5\ncolour = \"gren\"\ninner = { siez = 1 }\ntilte = 1\n");
  CHECK(!result.good);
  CHECK(result.thing.count == 3);
  for (const char* words : {"t.toml:1:8: error: wild: expected true or false, found an integer",
                            "count: 0 is out of range", "pause: \"0s\" is too little", "room: expected a size",
                            "did you mean \"green\"?", "inner: unknown key \"siez\"", "inner: \"size\" is missing",
                            "t.toml:7:1: error: unknown key \"tilte\"; did you mean \"title\"?"}) {
    CHECK_MESSAGE(result.errors.find(words) != std::string::npos, words);
  }
}

TEST_CASE("section: a scalar of any type comes from the environment or a file") {
  ::setenv("TANDEM_TEST_COUNT", "12", 1);
  ::setenv("TANDEM_TEST_WILD", "true", 1);
  const Read result = read(
      "count = { env = \"TANDEM_TEST_COUNT\" }\nwild = { env = \"TANDEM_TEST_WILD\" }\npause = { file = \"/dev/null\" "
      "}\n");
  CHECK(result.thing.count == 12);
  CHECK(result.thing.wild);
  CHECK(result.errors.find("pause: the value is not a duration") != std::string::npos);
}

TEST_CASE("section: what came from outside is not repeated in a message") {
  ::setenv("TANDEM_TEST_SECRET", "hunter2", 1);
  const Read result = read(
      "count = { env = \"TANDEM_TEST_SECRET\" }\nwild = { env = \"TANDEM_TEST_SECRET\" }\n"
      "pause = { env = \"TANDEM_TEST_SECRET\" }\ncolour = { env = \"TANDEM_TEST_SECRET\" }\n"
      "peers = [{ env = \"TANDEM_TEST_SECRET\" }]\n");
  CHECK(!result.good);
  CHECK(result.errors.find("hunter2") == std::string::npos);
}

TEST_CASE("section: an unknown key beside a secret does not show its line") {
  CHECK(read("kye = \"hunter2\"\n").errors == "t.toml:1:1: error: unknown key \"kye\"; did you mean \"key\"?\n");
}

TEST_CASE("section: the schema has types, ranges, defaults and meanings") {
  const std::string schema = file_schema("thing.toml", thing_section().schema());
  for (const char* words : {"\"default\": \"5s\"", "\"description\": \"How many.\"", "\"minimum\": 1", "\"enum\"",
                            "\"required\"", "\"additionalProperties\": false", "\"$defs\"", "\"include\""}) {
    CHECK_MESSAGE(schema.find(words) != std::string::npos, words);
  }
}

TEST_CASE("admin: an address that others reach needs a token") {
  const auto refused = [](const char* listen, bool with_token) {
    Diagnostics diagnostics;
    Reader reader(diagnostics);
    AdminConfig admin;
    admin.listen = *Address::parse(listen);
    if (with_token) admin.token = "t";
    check_admin(reader, admin);
    return diagnostics.has_errors();
  };
  CHECK(!refused("127.0.0.1:1", false));
  CHECK(!refused("[::1]:1", false));
  CHECK(!refused("unix:/run/x.sock", false));
  CHECK(refused(":1", false));
  CHECK(refused("0.0.0.0:1", false));
  CHECK(refused("192.168.1.1:1", false));
  CHECK(!refused(":1", true));
}
