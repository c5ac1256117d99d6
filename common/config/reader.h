// What reading a tree of values carries along: where messages go, and what they are about ("upstream "a": health: …").
// Lives on the stack of whoever loads.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/diagnostics.h"
#include "common/config/value.h"

namespace tandem::config {

class Reader {
 public:
  explicit Reader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Diagnostics& diagnostics() { return diagnostics_; }

  // Messages while the scope lives begin with `what` and a colon.
  class [[nodiscard]] Scope {
   public:
    explicit Scope(Reader& reader) : reader_(reader) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { reader_.context_.pop_back(); }

   private:
    Reader& reader_;
  };
  Scope inside(std::string what) {
    context_.push_back(std::move(what));
    return Scope(*this);
  }

  // Always false, so that a reading function can end with it.
  bool error(Place place, std::string_view message);
  void warning(Place place, std::string_view message);
  bool expected(std::string_view what, const Value& found);  // "expected …, found an integer"

  // Warns when a file that holds a secret can be read by everybody.
  void warn_of_readable(Place place, const std::string& path);

  // The value itself, or what { env = "NAME" } and { file = "PATH" } stand for; says why where there is none.
  std::optional<Value> scalar(const Value& value);
  // The same, if it is a string without NULs.
  std::optional<std::string> text(const Value& value, std::string_view expected_what);

 private:
  std::string in_context(std::string_view message) const;
  std::optional<std::string> outside(const Member& source);

  Diagnostics& diagnostics_;
  std::vector<std::string> context_;
};

}  // namespace tandem::config
