// A JSON text put together out of others: an object into which documents, or what a Shape leaves of them, are put and
// merged, and which is written in one walk. What nobody puts anything into stays a reference to its document. Documents
// and shapes outlive the tree. One request's, on one thread.
#pragma once
#include <cstdint>
#include <forward_list>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/json/document.h"
#include "gateway/json/path.h"
#include "gateway/json/shape.h"

namespace tandem::json {

// What becomes of a name that is there already.
enum class Collisions : std::uint8_t {
  error,  // nothing is put
  first,  // what was there stays
  last,   // what comes takes its place
  deep    // two objects are merged; else as `last`
};

class Tree {
 public:
  using Ref = std::uint32_t;
  // Where in which document something of the tree comes from.
  struct Origin {
    const Document* document = nullptr;
    Document::Node node = 0;
    auto operator<=>(const Origin&) const = default;
  };
  enum class Outcome : std::uint8_t { done, collision, no_place };

  explicit Tree(Collisions collisions);
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  Ref make(Origin origin, const Shape& shape);
  Ref make_list(std::vector<Ref> items);

  // Puts the members of `object` into the whole. no_place: it is no object.
  Outcome merge(Ref object);

  // Puts a value at `path`, which ends with a name; with "[]" in it into each element. `value_at` gives the value, by
  // where the step numbered `anchor` of the path comes from (0: always the whole, and an empty origin), or nothing:
  // that place stays as it is. Up to the anchor nothing is made that is not there or null; behind it objects are.
  // no_place: what lies on the way is of another kind. Unless it is done, nothing has changed.
  using ValueAt = std::function<std::optional<Ref>(const Origin&)>;
  Outcome put(std::span<const Step> path, std::size_t anchor, const ValueAt& value_at);

  // The whole on one line. False: it is longer than `most`, and `out` is not to be used.
  bool write(std::string& out, std::size_t most) const;

 private:
  struct Member {
    std::string_view key;  // with quotes
    Ref value = 0;
  };
  using Index = std::map<std::string, std::size_t, std::less<>>;  // by the names' meanings
  struct Item {
    enum class Form : std::uint8_t { reference, object, array } form = Form::reference;
    Shape::Level level = Shape::kAll;
    Origin origin;
    const Shape* shape = nullptr;
    std::vector<Member> members;
    std::unique_ptr<Index> index;  // of objects with many members
    std::vector<Ref> elements;
  };
  struct Place {
    Ref object = 0;
    Ref value = 0;
  };
  class Writer;

  Ref add_item();
  bool is_null(Ref ref) const;
  bool expand_object(Ref ref);
  bool expand_array(Ref ref);
  std::optional<std::size_t> find(Ref object, std::string_view quoted);
  void append(Ref object, std::string_view quoted, Ref value);
  std::string_view keep_text(std::string text) { return texts_.emplace_front(std::move(text)); }
  Outcome find_places(std::span<const Step> path, std::size_t anchor, const ValueAt& value_at,
                      std::vector<Place>& places);
  Ref descend(Ref object, const std::string& name);
  void set(Ref object, std::string_view quoted, Ref value);
  void merge_into(Ref object, Ref from);

  const Collisions collisions_;
  std::vector<Item> items_;  // the first is the whole
  std::forward_list<std::string> texts_;
};

}  // namespace tandem::json
