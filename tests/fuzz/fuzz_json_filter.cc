// Services' JSON and what the configuration leaves of it: a text is refused or kept byte for byte, in agreement with
// the other reader of the house; what is written again is JSON, says the same, and says nothing that was to be left
// out.
//
// Input: a line of paths ("keep a.b,c" "drop a" "rename a.b=c", separated by blanks), then a JSON text, then perhaps
// after a line feed and "---" another one that is merged with it.
#include <cstdint>
#include <string>
#include <string_view>

#include "common/json/parse.h"
#include "gateway/json/document.h"
#include "gateway/json/tree.h"
#include "tests/fuzz/require.h"

using namespace tandem;
using json::Document;
using json::Shape;
using json::Tree;

namespace {

constexpr std::size_t kEnough = 64 * 1024 * 1024;

std::string_view take(std::string_view& text, std::string_view until) {
  const std::size_t at = text.find(until);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + until.size());
  return taken;
}

Shape shape_of(std::string_view line) {
  Shape shape;
  std::string_view verb;
  while (!line.empty()) {
    std::string_view word = take(line, " ");
    if (word == "keep" || word == "drop" || word == "rename") {
      verb = word;
      continue;
    }
    while (!word.empty()) {
      std::string_view one = take(word, ",");
      const std::string_view text = take(one, "=");
      const auto path = json::parse_path(text);
      if (!path) {
        require(path.error().offset <= text.size());
        continue;
      }
      require(json::parse_path(json::to_text(*path)) == *path);
      if (verb == "keep") (void)shape.keep(*path);
      if (verb == "drop") (void)shape.drop(*path);
      if (verb == "rename") (void)shape.rename(*path, one.empty() ? "n" : one);
    }
  }
  return shape;
}

// What the strict reader takes is a document; what only the document takes has a reason that is known.
void compare(std::string_view text, const std::expected<Document, std::string_view>& document) {
  if (document && document->is_scalar(0)) return;  // the strict reader has no use for them
  const auto value = json::parse(text);
  if (value && !value->is(json::Value::Kind::array) && !value->is(json::Value::Kind::object)) return;
  if (value) require(document.has_value());
  if (!document || value) return;
  const std::string_view why = value.error();
  require(why == "it is nested too deeply" || why == "a number in it is malformed or too large" ||
          why == "a string in it is malformed" || why == "a string in it holds half a character");
}

std::string written(const Document& document, const Shape& shape) {
  Tree tree(json::Collisions::error);
  const auto ref = tree.make({&document, 0}, shape);
  const json::Path path = {{false, "x"}};
  require(tree.put(path, 0, [ref](const Tree::Origin&) { return std::optional(ref); }) == Tree::Outcome::done);
  std::string out;
  require(tree.write(out, kEnough));
  return out;
}

void check_written(const Document& document, const Shape& shape) {
  const bool meets = shape.makes_names_meet(document, 0);
  const std::string once = written(document, shape);
  const auto again = Document::parse(once);
  if (meets) return;                                                 // such a part is refused
  if (!again && again.error() == "it is nested too deeply") return;  // by the object around it
  require(again.has_value());
  require(again->is_compact());
  const auto inner = again->member(0, "x");
  require(inner.has_value());
  const auto alone = Document::parse(std::string(again->raw(*inner)));
  require(alone.has_value());
  require(written(*alone, Shape()) == once);
}

void check_merged(const Document& one, const Document& other) {
  for (const auto collisions :
       {json::Collisions::error, json::Collisions::first, json::Collisions::last, json::Collisions::deep}) {
    Tree tree(collisions);
    const Shape all;
    const auto first = tree.merge(tree.make({&one, 0}, all));
    require((first == Tree::Outcome::done) == one.is(0, Document::Kind::object));
    const auto second = tree.merge(tree.make({&other, 0}, all));
    require(second != Tree::Outcome::collision || collisions == json::Collisions::error);
    std::string out;
    require(tree.write(out, kEnough));
    require(Document::parse(out).has_value());  // no deeper than the deeper one
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const Shape shape = shape_of(take(input, "\n"));
  const std::string_view text = take(input, "\n---\n");
  const auto document = Document::parse(std::string(text));
  compare(text, document);
  if (!document) return 0;
  check_written(*document, Shape());
  check_written(*document, shape);
  if (const auto other = Document::parse(std::string(input))) check_merged(*document, *other);
  return 0;
}
