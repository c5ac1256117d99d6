// A JSON text (RFC 8259) from somebody who is not trusted, checked in one walk and kept as it was written: every
// scalar and every name can be had byte for byte. For what is passed on; what is understood is a Value. Owns its text;
// immutable, any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::json {

class Document {
 public:
  using Node = std::uint32_t;  // in the order of the text; the root is 0
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  static constexpr std::size_t kMostDepth = 64;  // of arrays and objects within one another

  // Takes the text. Refuses, by a literal that says what is wrong: what is not JSON, nested too deeply, has a name
  // twice in an object, is no UTF-8, has half a surrogate pair in a name, or has something behind its end. Numbers may
  // be of any size.
  static std::expected<Document, std::string_view> parse(std::string text);

  Kind kind(Node node) const { return nodes_[node].kind; }
  bool is(Node node, Kind kind) const { return nodes_[node].kind == kind; }
  bool is_scalar(Node node) const { return !is(node, Kind::array) && !is(node, Kind::object); }

  // As it was written, from its first to its last byte.
  std::string_view raw(Node node) const { return span(nodes_[node].begin, nodes_[node].end); }
  // Of a member: its name, with quotes.
  std::string_view key(Node node) const { return span(nodes_[node].key_begin, nodes_[node].key_end); }
  // Whether no blank stands between its tokens.
  bool is_compact() const { return compact_; }

  // The elements or members of `node`: for (Node c = first(n); c != behind(n); c = behind(c)).
  static Node first(Node node) { return node + 1; }
  Node behind(Node node) const { return nodes_[node].behind; }

  std::optional<Node> member(Node object, std::string_view name) const;  // nothing where this is no object
  std::optional<Node> element(Node array, std::size_t index) const;      // likewise
  // What a string means, or a number or truth value as it was written; nothing for all else and half characters.
  std::optional<std::string> text(Node node) const;

  std::size_t size() const { return text_.size(); }  // of the text, in bytes

 private:
  friend class DocumentReader;
  struct Item {
    std::uint32_t begin = 0, end = 0;
    std::uint32_t key_begin = 0, key_end = 0;
    Node behind = 0;  // the first node that is not within this one
    Kind kind = Kind::null;
  };

  Document() = default;
  std::string_view span(std::uint32_t begin, std::uint32_t end) const {
    return std::string_view(text_).substr(begin, end - begin);
  }

  std::string text_;
  std::vector<Item> nodes_;
  bool compact_ = false;
};

}  // namespace tandem::json
