#include "common/config/pem.h"

#include "common/config/files.h"

namespace tandem::config {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;

bool is_pem(const std::string& text) { return text.starts_with("-----BEGIN "); }

}  // namespace

std::string PemText::described() const { return path.empty() ? std::string("the text") : quoted(path); }

// { file = "PATH" } is the same as the path itself, and is shown as such.
bool read_pem(Reader& reader, const Value& value, bool is_secret, PemText& to) {
  const Value* named = value.find("file");
  const bool is_file = named && named->text() && value.table()->size() == 1;
  // A private key where a public one belongs is a secret all the same.
  if (value.text() && is_pem(*value.text()) && (is_secret || value.text()->contains("PRIVATE KEY"))) {
    reader.diagnostics().hide_line(value.place);
  }
  const auto text = reader.text(value, "a path, or a PEM text");
  if (!text) return false;
  const std::string& naming = reader.diagnostics().file_name(value.place.file);
  if (text->empty() && !is_file) return reader.error(value.place, "the path is empty");
  PemText read;
  if (is_file) {
    read = {relative_to(naming, *named->text()), *text};
  } else if (value.table() || is_pem(*text)) {
    read = {{}, *text};
  } else {
    read.path = relative_to(naming, *text);
    auto content = read_file(read.path, kMostBytes);
    if (!content) return reader.error(value.place, content.error().detail);
    read.text = *std::move(content);
  }
  if (is_secret && !read.path.empty()) reader.warn_of_readable(value.place, read.path);
  to = std::move(read);
  return true;
}

Kind<PemText> pem(bool is_secret) {
  Kind<PemText> kind;
  kind.read = [is_secret](Reader& reader, const Value& value, PemText& to) {
    return read_pem(reader, value, is_secret, to);
  };
  kind.show = [is_secret](const PemText& pem) -> std::optional<Value> {
    if (!pem.path.empty()) return Value(pem.path);
    if (pem.text.empty()) return std::nullopt;
    return Value(is_secret ? std::string("********") : pem.text);
  };
  kind.schema = [] { return text().schema(); };
  kind.secret = is_secret;
  return kind;
}

}  // namespace tandem::config
