// The table of a section: every key with its member, kind and one line of meaning. Reading, dump and schema are
// generated from it; defaults are those of the default-constructed struct. Made once, read-only then.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/kinds.h"

namespace tandem::config {

// What does not depend on the struct; it is passed as void*.
class SectionBase {
 public:
  std::vector<std::string> keys() const;

 protected:
  struct Field {
    std::string key;
    std::string doc;
    bool required = false;
    bool show_default = true;
    bool secret = false;
    bool names_itself = false;
    std::function<bool(Reader&, const Value&, void*)> read;
    std::function<std::optional<Value>(const void*)> show;
    std::function<Value()> schema;
  };

  // Reads in the order of the fields, says unknown and missing keys; false if anything was wrong.
  bool read_table(Reader& reader, const Value& value, void* into) const;
  Value show_table(const void* from) const;
  Value schema_table(const void* defaults) const;

  std::vector<Field> fields_;

 private:
  bool refuse_unknown(Reader& reader, const Value& table) const;
  template <class S>
  friend class Section;
};

template <class S>
class Section : public SectionBase {
 public:
  template <class M>
  Section& field(std::string_view key, M S::* member, Kind<M> kind, std::string_view doc) {
    add(
        key, doc, kind.secret, kind.names_itself,
        [member, read = kind.read](Reader& r, const Value& v, S& s) { return read(r, v, s.*member); },
        [member, show = kind.show](const S& s) { return show(s.*member); }, kind.schema);
    return *this;
  }
  // A key whose reading needs more than one member.
  Section& custom(std::string_view key, std::function<bool(Reader&, const Value&, S&)> read,
                  std::function<std::optional<Value>(const S&)> show, std::function<Value()> schema,
                  std::string_view doc) {
    add(key, doc, false, false, std::move(read), std::move(show), std::move(schema));
    return *this;
  }
  // The keys of another struct that is a member.
  template <class B>
  Section& include(const Section<B>& base, B S::* member) {
    for (Field field : base.fields_) {
      field.read = [member, read = field.read](Reader& r, const Value& v, void* s) {
        return read(r, v, &(static_cast<S*>(s)->*member));
      };
      field.show = [member, show = field.show](const void* s) { return show(&(static_cast<const S*>(s)->*member)); };
      fields_.push_back(std::move(field));
    }
    return *this;
  }

  // The keys of another section of the same struct.
  Section& append(const Section& other) {
    fields_.insert(fields_.end(), other.fields_.begin(), other.fields_.end());
    return *this;
  }

  // About the field added last.
  Section& required() {
    fields_.back().required = true;
    return *this;
  }
  Section& no_default() {  // what stands in the default-constructed struct is no default of the file
    fields_.back().show_default = false;
    return *this;
  }
  Section& names_itself() {  // messages begin with the thing's own name, not with the key
    fields_.back().names_itself = true;
    return *this;
  }
  Section& at(Place S::* member) {  // where its value stands
    fields_.back().read = [member, read = fields_.back().read](Reader& r, const Value& v, void* s) {
      static_cast<S*>(s)->*member = v.place;
      return read(r, v, s);
    };
    return *this;
  }

  bool read(Reader& reader, const Value& value, S& into) const { return read_table(reader, value, &into); }
  Value show(const S& from) const { return show_table(&from); }
  Value schema() const {
    const S defaults{};
    return schema_table(&defaults);
  }

 private:
  void add(std::string_view key, std::string_view doc, bool secret, bool names_itself,
           std::function<bool(Reader&, const Value&, S&)> read, std::function<std::optional<Value>(const S&)> show,
           std::function<Value()> schema) {
    Field field;
    field.key = key;
    field.doc = doc;
    field.secret = secret;
    field.names_itself = names_itself;
    field.read = [read = std::move(read)](Reader& r, const Value& v, void* s) {
      return read(r, v, *static_cast<S*>(s));
    };
    field.show = [show = std::move(show)](const void* s) { return show(*static_cast<const S*>(s)); };
    field.schema = std::move(schema);
    fields_.push_back(std::move(field));
  }
};

Value word_or_schema(std::string_view word, Value table);

// A nested table. The section must outlive the kind, as all sections do that are function-local statics.
template <class S>
Kind<S> table(const Section<S>& section) {
  return {.read = [&section](Reader& r, const Value& v, S& to) { return section.read(r, v, to); },
          .show =
              [&section](const S& from) {
                Value shown = section.show(from);
                return shown.table()->empty() ? std::nullopt : std::optional<Value>(std::move(shown));
              },
          .schema = [&section] { return section.schema(); }};
}

// A nested table that may be absent. One with errors counts as there, so that the rest of it is still checked.
template <class S>
Kind<std::optional<S>> maybe_table(const Section<S>& section) {
  Kind<std::optional<S>> kind = maybe(table(section));
  kind.read = [&section](Reader& r, const Value& v, std::optional<S>& to) {
    if (!to) to.emplace();
    return section.read(r, v, *to);
  };
  return kind;
}

// A nested table, or a word that stands for a certain value of it ("off", "none").
template <class S>
Kind<S> table_or(std::string word, S meaning, bool (*is_word)(const S&), const Section<S>& section) {
  Kind<S> kind = table(section);
  kind.read = [=, &section](Reader& reader, const Value& value, S& to) {
    const auto found = reader.scalar(value);
    if (!found) return false;
    if (found->text() && *found->text() == word) {
      to = meaning;
      return true;
    }
    if (!found->table()) return reader.expected("a table or \"" + word + "\"", *found);
    return section.read(reader, value, to);
  };
  kind.show = [=, &section](const S& from) {
    return std::optional<Value>(is_word(from) ? Value(word) : section.show(from));
  };
  kind.schema = [=, &section] { return word_or_schema(word, section.schema()); };
  return kind;
}

// The name that messages give to a member of a list of tables: `route "orders"`, by the first of `keys` that it has.
std::string label(std::string_view what, const Value& table, const std::vector<std::string>& keys);
Value named_tables_schema(Value item);
bool check_name(Reader& reader, std::string_view what, const Member& member);

// An array of tables ([[route]]), each read over a copy of `prototype`; `place` gets where it begins.
template <class S>
bool read_tables(Reader& reader, const Value& value, std::string_view what, const std::vector<std::string>& label_keys,
                 const Section<S>& section, const S& prototype, Place S::* place, std::vector<S>& to) {
  if (!value.array()) return reader.expected("[[" + std::string(what) + "]], a list of tables", value);
  bool good = true;
  for (const Value& item : *value.array()) {
    const auto scope = reader.inside(label(what, item, label_keys));
    S& read = to.emplace_back(prototype);
    read.*place = item.place;
    good = section.read(reader, item, read) && good;
  }
  return good;
}

template <class S>
Kind<std::vector<S>> tables(std::string what, std::vector<std::string> label_keys, const Section<S>& section,
                            Place S::* place) {
  Kind<std::vector<S>> kind = list(table(section), what);
  kind.read = [=, &section](Reader& reader, const Value& value, std::vector<S>& to) {
    return read_tables(reader, value, what, label_keys, section, S{}, place, to);
  };
  kind.names_itself = true;
  return kind;
}

// Tables by name ([upstream.orders]). `name_of` gives the struct's name for reading and writing.
template <class S>
Kind<std::vector<S>> named(std::string what, const Section<S>& section, std::string& (*name_of)(S&), Place S::* place) {
  Kind<std::vector<S>> kind;
  kind.read = [=, &section](Reader& reader, const Value& value, std::vector<S>& to) {
    if (!value.table()) return reader.expected("[" + what + ".NAME], a table", value);
    bool good = true;
    for (const Member& member : *value.table()) {
      good = check_name(reader, what, member) && good;
      const auto scope = reader.inside(what + " " + quoted(member.key));
      S& read = to.emplace_back();
      name_of(read) = member.key;
      read.*place = member.value.place.known() ? member.value.place : member.place;
      good = section.read(reader, member.value, read) && good;
    }
    return good;
  };
  kind.show = [=, &section](const std::vector<S>& values) {
    Value shown;
    for (S value : values)  // NOLINT(performance-for-range-copy): name_of() gives a mutable reference
      shown.set(name_of(value), section.show(value));
    return std::optional<Value>(std::move(shown));
  };
  kind.schema = [&section] { return named_tables_schema(section.schema()); };
  kind.names_itself = true;
  return kind;
}

// The JSON Schema of a whole file.
std::string file_schema(std::string_view title, Value root);

}  // namespace tandem::config
