// The heads of HTTP messages as values: method, target, fields, framing. Owned by an exchange (or a client call) and
// reused for the next one; views point into the buffer that the head was parsed from, which must outlive them (see
// rebase). One worker's thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/field_id.h"

namespace tandem::http {

struct Field {
  std::string_view name;   // as it came
  std::string_view value;  // without SP and HTAB around it
  FieldId id = FieldId::other;
};

// Fields in the order in which they came. Holds views only; what they point to belongs to the caller.
class Fields {
 public:
  void add(std::string_view name, std::string_view value) { add(name, value, field_id(name)); }
  void add(std::string_view name, std::string_view value, FieldId id) {
    present_.add(id);
    if (items_.capacity() == 0) items_.reserve(16);  // most heads fit: one allocation instead of five
    items_.push_back({name, value, id});
  }

  bool has(FieldId id) const { return present_.has(id); }
  bool has_any(FieldSet ids) const { return present_.intersects(ids); }
  const Field* find(FieldId id) const;             // the first; null when there is none
  const Field* find(std::string_view name) const;  // without regard to case
  std::optional<std::string_view> value(FieldId id) const;
  std::size_t count(FieldId id) const;
  std::size_t count(std::string_view name) const;
  // The values of all fields of that name in order, as one list (RFC 9110 §5.3); empty ones left out.
  std::string joined(FieldId id) const;
  std::string joined(std::string_view name) const;

  // Each removes every field of that name and gives how many there were.
  std::size_t remove(FieldId id);
  std::size_t remove(std::string_view name);
  std::size_t remove(FieldSet ids);
  template <class Predicate>
  std::size_t remove_if(Predicate predicate) {
    const std::size_t removed = std::erase_if(items_, predicate);
    if (removed > 0) count_present();
    return removed;
  }
  // Removes every field of that name, then appends this one.
  void set(std::string_view name, std::string_view value);

  // Moves views that point into the `size` bytes at `from` to the same place in `to`.
  void rebase(const char* from, std::size_t size, const char* to);

  void clear() { items_.clear(), present_ = {}; }
  void reserve(std::size_t fields) { items_.reserve(fields); }
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  const Field& operator[](std::size_t i) const { return items_[i]; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  void count_present();
  std::vector<Field> items_;
  FieldSet present_;  // `other` included: what is not in here need not be searched for
};

enum class Method : std::uint8_t { get, head, post, put, delete_, options, patch, trace, connect, other };

Method method_of(std::string_view text) noexcept;      // case matters (RFC 9110 §9.1)
std::string_view method_text(Method method) noexcept;  // "GET"; empty for `other`
// Doing it twice is doing it once (RFC 9110 §9.2.2), so that a failed try may be repeated.
constexpr bool is_idempotent(Method m) { return m != Method::post && m != Method::patch && m < Method::connect; }

// How long a body is, decided once from a head that passed every check (RFC 9112 §6.3).
struct BodyFraming {
  enum class Kind : std::uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  // of `length` only

  static constexpr BodyFraming none() { return {}; }
  static constexpr BodyFraming of_length(std::uint64_t n) { return {Kind::length, n}; }
  static constexpr BodyFraming chunked() { return {Kind::chunked, 0}; }
  static constexpr BodyFraming until_close() { return {Kind::until_close, 0}; }
  // Nothing of a body will follow the head.
  constexpr bool is_empty() const { return kind == Kind::none || (kind == Kind::length && length == 0); }
  bool operator==(const BodyFraming&) const = default;
};

// The tokens of all Connection fields.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool others = false;  // names of fields that are meant for this connection only: strip_hop_by_hop removes them
};

enum class TargetForm : std::uint8_t { origin, absolute, asterisk };

struct RequestHead {
  RequestHead() = default;
  RequestHead(const RequestHead&) = delete;  // `host` may point into this very object
  RequestHead& operator=(const RequestHead&) = delete;

  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;  // as it came
  TargetForm form = TargetForm::origin;
  std::string_view path;   // of the target, not normalised (see path.h); "*" in asterisk form
  std::string_view query;  // what follows the first '?', as it came
  bool has_query = false;
  std::string_view authority;  // host[:port] as it came, the target's own in absolute form
  std::string_view host;       // lower case, without port and final dot; empty only in HTTP/1.0 without Host
  std::uint16_t port = 0;      // 0: none was named
  int version_minor = 1;
  Fields fields;
  ConnectionOptions connection;
  BodyFraming framing;
  bool keep_alive = false;       // the client lets the connection live (RFC 9112 §9.3)
  bool expect_continue = false;  // waits for 100 before it sends the body

  void clear();
  // After the `size` bytes of the head were copied from `from` to `to`: all views follow.
  void rebase(const char* from, std::size_t size, const char* to);

  std::string host_buffer;  // holds `host` when it did not come in lower case
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;  // may be empty
  int version_minor = 1;
  Fields fields;
  ConnectionOptions connection;
  BodyFraming framing;
  // Content-Length of an answer that has no body of its own (to HEAD, 304): passed on, never read as framing.
  std::optional<std::uint64_t> declared_length;
  bool keep_alive = false;

  bool is_interim() const { return status >= 100 && status < 200 && status != 101; }
  bool is_upgrade() const { return status == 101; }  // right only if this request asked for it
  void clear();
  void rebase(const char* from, std::size_t size, const char* to);
};

}  // namespace tandem::http
