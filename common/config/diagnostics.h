// Collects what is wrong with a configuration and renders it as a compiler does: place, sentence, the line and a caret.
// Owns the text of the loaded files for as long as messages may be added. One thread (whoever loads).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/place.h"

namespace tandem::config {

class Diagnostics {
 public:
  // Makes a file known by the name that messages show; gives the index for Place::file.
  std::uint32_t add_file(std::string name, std::string text);
  const std::string& file_name(std::uint32_t file) const { return files_[file].name; }
  const std::string& file_text(std::uint32_t file) const { return files_[file].text; }
  std::uint32_t file_count() const { return static_cast<std::uint32_t>(files_.size()); }

  // Adds a message; after a thousand only their number is kept. The same one at the same place is kept once. A place
  // that is not known stands for the whole file.
  void error(Place place, std::string message) { add(true, place, std::move(message)); }
  void warning(Place place, std::string message) { add(false, place, std::move(message)); }
  // The line holds a secret: messages about it don't show it.
  void hide_line(Place place);
  bool hides(Place place) const;
  bool has_errors() const { return errors_ > 0; }

  // "file:line:column", or the file's name alone where the place is not known: for messages that point to a second
  // place.
  std::string describe(Place place) const;

  std::string_view line_text(Place place) const;  // without its end; empty where there is none

  // The place of the byte at `offset` of a text whose value stands at `place`; the value's own where the file does not
  // spell the text letter by letter (escapes, several lines, the environment).
  Place within(Place place, std::string_view text, std::size_t offset) const;

  // All messages sorted by file, line and column, each as "file:line:column: error: …", then the source line and a
  // caret.
  std::string render_errors() const { return render(true); }
  std::string render_warnings() const { return render(false); }

 private:
  struct File {
    std::string name;
    std::string text;
    std::vector<std::size_t> line_starts;
    std::vector<std::uint32_t> hidden;  // lines that hold secrets
  };
  struct Message {
    Place place;
    bool is_error;
    std::string text;
    bool operator==(const Message&) const = default;
  };

  void add(bool is_error, Place place, std::string text);
  std::string render(bool errors) const;

  std::vector<File> files_;
  std::vector<Message> messages_;
  std::size_t errors_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace tandem::config
