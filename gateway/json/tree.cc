#include "gateway/json/tree.h"

#include <utility>

#include "gateway/json/text.h"

namespace tandem::json {
namespace {

constexpr std::size_t kFewMembers = 16;  // are searched one by one

using Kind = Document::Kind;

}  // namespace

Tree::Tree(Collisions collisions) : collisions_(collisions) { items_[add_item()].form = Item::Form::object; }

Tree::Ref Tree::add_item() {
  items_.emplace_back();
  return static_cast<Ref>(items_.size() - 1);
}

Tree::Ref Tree::make(Origin origin, const Shape& shape) {
  const Ref ref = add_item();
  items_[ref].origin = origin;
  items_[ref].shape = &shape;
  items_[ref].level = shape.is_all() ? Shape::kAll : Shape::kTop;
  return ref;
}

Tree::Ref Tree::make_list(std::vector<Ref> elements) {
  const Ref ref = add_item();
  items_[ref].form = Item::Form::array;
  items_[ref].elements = std::move(elements);
  return ref;
}

// Makes an object of a reference to one; false where it is none.
bool Tree::expand_object(Ref ref) {
  if (items_[ref].form != Item::Form::reference) return items_[ref].form == Item::Form::object;
  const auto [document, node] = items_[ref].origin;
  if (!document->is(node, Kind::object)) return false;
  const Shape* shape = items_[ref].shape;
  const Shape::Level level = items_[ref].level;
  std::vector<Member> members;
  for (auto c = Document::first(node); c != document->behind(node); c = document->behind(c)) {
    const Shape::Verdict verdict = shape->member(level, document->key(c));
    if (!verdict.kept || !shape->takes(verdict.below, *document, c)) continue;
    const Ref value = make({document, c}, *shape);
    items_[value].level = verdict.below;
    members.push_back({verdict.name ? std::string_view(*verdict.name) : document->key(c), value});
  }
  items_[ref].form = Item::Form::object;
  items_[ref].members = std::move(members);
  return true;
}

bool Tree::expand_array(Ref ref) {
  if (items_[ref].form != Item::Form::reference) return items_[ref].form == Item::Form::array;
  const auto [document, node] = items_[ref].origin;
  if (!document->is(node, Kind::array)) return false;
  const Shape* shape = items_[ref].shape;
  const Shape::Level level = items_[ref].level;
  std::vector<Ref> elements;
  for (auto c = Document::first(node); c != document->behind(node); c = document->behind(c)) {
    if (!shape->takes(level, *document, c)) continue;
    elements.push_back(make({document, c}, *shape));
    items_[elements.back()].level = level;
  }
  items_[ref].form = Item::Form::array;
  items_[ref].elements = std::move(elements);
  return true;
}

// Which member of an object has that name.
std::optional<std::size_t> Tree::find(Ref object, std::string_view quoted) {
  Item& item = items_[object];
  if (item.members.size() <= kFewMembers) {
    for (std::size_t i = 0; i < item.members.size(); ++i) {
      if (same_string(item.members[i].key, quoted)) return i;
    }
    return std::nullopt;
  }
  if (!item.index) {
    item.index = std::make_unique<Index>();
    for (std::size_t i = 0; i < item.members.size(); ++i) {
      item.index->emplace(decode_string(item.members[i].key).value_or(""), i);
    }
  }
  const auto found = item.index->find(decode_string(quoted).value_or(""));
  return found == item.index->end() ? std::nullopt : std::optional(found->second);
}

void Tree::append(Ref object, std::string_view quoted, Ref value) {
  Item& item = items_[object];
  if (item.index) item.index->emplace(decode_string(quoted).value_or(""), item.members.size());
  item.members.push_back({quoted, value});
}

// By the rule of collisions; `error` has been ruled out.
void Tree::set(Ref object, std::string_view quoted, Ref value) {
  const auto at = find(object, quoted);
  if (!at) return append(object, quoted, value);
  if (collisions_ == Collisions::first) return;
  const Ref present = items_[object].members[*at].value;
  if (collisions_ == Collisions::deep && expand_object(present) && expand_object(value)) {
    merge_into(present, value);
  } else {
    items_[object].members[*at].value = value;
  }
}

void Tree::merge_into(Ref object, Ref from) {
  const std::vector<Member> members = items_[from].members;
  for (const Member& member : members) set(object, member.key, member.value);
}

Tree::Outcome Tree::merge(Ref object) {
  if (!expand_object(object)) return Outcome::no_place;
  if (collisions_ == Collisions::error) {
    for (std::size_t i = 0; i < items_[object].members.size(); ++i) {
      if (find(0, items_[object].members[i].key)) return Outcome::collision;
    }
  }
  merge_into(0, object);
  return Outcome::done;
}

Tree::Outcome Tree::put(std::span<const Step> path, std::size_t anchor, const ValueAt& value_at) {
  std::vector<Place> places;
  if (const Outcome found = find_places(path, anchor, value_at, places); found != Outcome::done) return found;
  const std::span<const Step> behind = path.subspan(anchor, path.size() - anchor - 1);
  const std::string_view name = keep_text(quote(path.back().name));
  for (const Place& place : places) {
    Ref object = place.object;
    for (const Step& step : behind) object = descend(object, step.name);
    set(object, name, place.value);
  }
  return Outcome::done;
}

// The member of that name, an object; made where it is missing, and put in its place where it is none.
Tree::Ref Tree::descend(Ref object, const std::string& name) {
  const std::string quoted = quote(name);
  const auto at = find(object, quoted);
  if (at && expand_object(items_[object].members[*at].value)) return items_[object].members[*at].value;
  const Ref made = add_item();
  items_[made].form = Item::Form::object;
  if (at) {
    items_[object].members[*at].value = made;
  } else {
    append(object, keep_text(quoted), made);
  }
  return made;
}

bool Tree::is_null(Ref ref) const {
  const Item& item = items_[ref];
  return item.form == Item::Form::reference && item.origin.document->is(item.origin.node, Kind::null);
}

// Goes down to the anchor, element by element, and looks whether there is room for what is to be put there.
Tree::Outcome Tree::find_places(std::span<const Step> path, std::size_t anchor, const ValueAt& value_at,
                                std::vector<Place>& places) {
  std::vector<Ref> at = {0};
  for (const Step& step : path.first(anchor)) {
    std::vector<Ref> next;
    for (const Ref ref : at) {
      if (is_null(ref)) continue;
      if (step.elements) {
        if (!expand_array(ref)) return Outcome::no_place;
        next.insert(next.end(), items_[ref].elements.begin(), items_[ref].elements.end());
        continue;
      }
      if (!expand_object(ref)) return Outcome::no_place;
      if (const auto member = find(ref, quote(step.name))) next.push_back(items_[ref].members[*member].value);
    }
    at = std::move(next);
  }
  for (const Ref ref : at) {
    const Origin origin = items_[ref].origin;  // what gives the value may make further items
    const auto value = value_at(origin);
    if (!value) continue;
    Ref object = ref;
    bool there = true;
    for (std::size_t i = anchor; i < path.size() && there; ++i) {
      if (!expand_object(object)) {
        if (i == anchor) return Outcome::no_place;
        if (collisions_ == Collisions::error) return Outcome::collision;
        there = collisions_ != Collisions::first;  // it stays, and there is no room in it
        break;
      }
      const auto member = find(object, quote(path[i].name));
      if (!member) break;
      if (i + 1 == path.size()) {
        if (collisions_ == Collisions::error) return Outcome::collision;
      } else {
        object = items_[object].members[*member].value;
      }
    }
    if (there) places.push_back({ref, *value});
  }
  return Outcome::done;
}

// Writes until there is too much.
class Tree::Writer {
 public:
  Writer(const Tree& tree, std::string& out, std::size_t most) : tree_(tree), out_(out), most_(most) {}

  bool write(Ref ref) {
    const Item& item = tree_.items_[ref];
    switch (item.form) {
      case Item::Form::reference: return write(*item.origin.document, item.origin.node, *item.shape, item.level);
      case Item::Form::object: {
        bool first = open('{');
        for (const Member& member : item.members) {
          if (!name(member.key, first) || !write(member.value)) return false;
        }
        return close('}');
      }
      case Item::Form::array: {
        bool first = open('[');
        for (const Ref element : item.elements) {
          separate(first);
          if (!write(element)) return false;
        }
        return close(']');
      }
    }
    return false;
  }

 private:
  bool write(const Document& document, Document::Node node, const Shape& shape, Shape::Level level) {
    if (document.is_scalar(node) || (level == Shape::kAll && document.is_compact())) return text(document.raw(node));
    const bool object = document.is(node, Kind::object);
    bool first = open(object ? '{' : '[');
    for (auto c = Document::first(node); c != document.behind(node); c = document.behind(c)) {
      const Shape::Verdict verdict = object ? shape.member(level, document.key(c)) : Shape::Verdict{.below = level};
      if (!verdict.kept || !shape.takes(verdict.below, document, c)) continue;
      if (!object) {
        separate(first);
      } else if (!name(verdict.name ? std::string_view(*verdict.name) : document.key(c), first)) {
        return false;
      }
      if (!write(document, c, shape, verdict.below)) return false;
    }
    return close(object ? '}' : ']');
  }

  bool open(char bracket) {
    out_ += bracket;
    return true;
  }
  bool close(char bracket) {
    out_ += bracket;
    return out_.size() <= most_;
  }
  void separate(bool& first) {
    if (!std::exchange(first, false)) out_ += ',';
  }
  bool name(std::string_view quoted, bool& first) {
    separate(first);
    out_ += quoted;
    out_ += ':';
    return out_.size() <= most_;
  }
  bool text(std::string_view raw) {
    out_ += raw;
    return out_.size() <= most_;
  }

  const Tree& tree_;
  std::string& out_;
  const std::size_t most_;
};

bool Tree::write(std::string& out, std::size_t most) const { return Writer(*this, out, most).write(0); }

}  // namespace tandem::json
