#include "common/http/write_head.h"

#include <charconv>
#include <cstring>

#include "common/http/byte_class.h"
#include "common/http/status.h"

namespace tandem::http {
namespace {

constexpr FieldSet kHopByHop(FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection,
                             FieldId::proxy_authenticate, FieldId::proxy_authorization, FieldId::trailer,
                             FieldId::upgrade);
constexpr FieldSet kFraming(FieldId::content_length, FieldId::transfer_encoding);
constexpr FieldSet kOursInRequests = kHopByHop | kFraming | FieldSet(FieldId::host, FieldId::expect);
constexpr FieldSet kOursInResponses = kHopByHop | kFraming;
constexpr FieldSet kNeverNominated =
    kFraming | FieldSet(FieldId::host, FieldId::authorization, FieldId::cookie, FieldId::expect);

constexpr std::size_t kMostNominated = 64;  // bounds the work of looking every field up among them

std::string& append_lower(std::string& out, std::string_view text) {
  for (const char c : text) out += to_lower(c);
  return out;
}

// Writes into room that was reserved for the whole head, and counts the lines it means to write.
class HeadWriter {
 public:
  HeadWriter(std::string& out, std::size_t bound) : out_(out), begin_(out.size()) {
    out_.resize_and_overwrite(begin_ + bound, [&](char* data, std::size_t size) { return data_ = data, size; });
    at_ = data_ + begin_;
  }
  HeadWriter(const HeadWriter&) = delete;

  void put(std::string_view text) { at_ += text.copy(at_, text.size()); }
  void end_line() { put("\r\n"), ++lines_; }
  void field(std::string_view name, std::string_view value) { put(name), put(": "), put(value), end_line(); }
  void number_field(std::string_view name, std::uint64_t number) {
    put(name), put(": ");
    at_ = std::to_chars(at_, at_ + 20, number).ptr;
    end_line();
  }
  void framing(const BodyFraming& framing) {
    if (framing.kind == BodyFraming::Kind::length) number_field("Content-Length", framing.length);
    if (framing.kind == BodyFraming::Kind::chunked) field("Transfer-Encoding", "chunked");
  }

  // Lines that lie in one run of the buffer they were parsed from, as almost all do, are copied in one piece.
  void fields(const Fields& fields, FieldSet left_out) {
    const Field* first = nullptr;  // of the run
    const Field* last = nullptr;
    const auto flush = [&] {
      if (first == nullptr) return;
      put({first->name.data(), static_cast<std::size_t>(last->value.data() + last->value.size() - first->name.data())});
      end_line();
      first = nullptr;
    };
    for (const Field& f : fields) {
      if (left_out.has(f.id)) continue;
      if (!is_one_run(f)) {
        flush();
        field(f.name, f.value);
        continue;
      }
      if (first != nullptr && follows(*last, f)) {
        ++lines_;
      } else {
        flush();
        first = &f;
      }
      last = &f;
    }
    flush();
  }

  // What was written must hold exactly the line ends that were meant, and no control: else nothing was written.
  bool finish() {
    end_line();
    const std::string_view head(data_ + begin_, static_cast<std::size_t>(at_ - data_) - begin_);
    const LineCensus census = count_line_ends(head);
    const bool clean = !census.control && census.cr == lines_ && census.lf == lines_;
    out_.resize(clean ? begin_ + head.size() : begin_);
    return clean;
  }

 private:
  static bool joined_by(const char* end, const char* begin, std::string_view joint) {
    // As numbers: the two may lie in different objects, or nowhere.
    const auto gap = reinterpret_cast<std::uintptr_t>(begin) - reinterpret_cast<std::uintptr_t>(end);
    return end != nullptr && gap == joint.size() && std::memcmp(end, joint.data(), joint.size()) == 0;
  }
  static bool is_one_run(const Field& f) { return joined_by(f.name.data() + f.name.size(), f.value.data(), ": "); }
  static bool follows(const Field& a, const Field& b) {
    return joined_by(a.value.data() + a.value.size(), b.name.data(), "\r\n");
  }

  std::string& out_;
  std::size_t begin_;
  char* data_ = nullptr;
  char* at_ = nullptr;
  std::size_t lines_ = 0;
};

constexpr std::size_t kOurLines = 256;  // versions, separators, framing and Connection, with room to spare

std::size_t size_bound(const Fields& fields, std::span<const Field> added) {
  std::size_t size = kOurLines;
  for (const Field& f : fields) size += f.name.size() + f.value.size() + 4;
  for (const Field& f : added) size += f.name.size() + f.value.size() + 4;
  return size;
}

bool all_tokens(std::span<const Field> added) {
  for (const Field& f : added) {
    if (!is_token(f.name)) return false;
  }
  return true;
}

void write_upgrade(HeadWriter& writer, std::string_view protocol, bool has_te) {
  writer.field("Connection", has_te ? "Upgrade, TE" : "Upgrade");
  writer.field("Upgrade", protocol);
}

// TE may only travel together with its name in Connection (RFC 9110 §10.1.4).
void write_connection(HeadWriter& writer, bool keep_alive, bool has_te) {
  if (!keep_alive) {
    writer.field("Connection", has_te ? "close, TE" : "close");
  } else if (has_te) {
    writer.field("Connection", "TE");
  }
}

}  // namespace

std::optional<HttpError> strip_hop_by_hop(Fields& fields, const ConnectionOptions& connection) {
  if (connection.others) {
    std::string nominated = ",";  // ",name,name," in lower case
    std::size_t names = 0;
    bool forbidden = false;
    for (const Field& f : fields) {
      if (f.id != FieldId::connection) continue;
      for_each_element(f.value, [&](std::string_view name) {
        forbidden |= kNeverNominated.has(field_id(name)) || ++names > kMostNominated;
        if (!forbidden) append_lower(nominated, name).push_back(',');
      });
    }
    if (forbidden) return bad_request("Connection names fields that must reach the server, or too many");
    std::string wanted;
    fields.remove_if([&](const Field& f) {
      wanted = ",";
      append_lower(wanted, f.name).push_back(',');
      return f.id != FieldId::te && nominated.contains(wanted);
    });
  }
  fields.remove(kHopByHop);
  if (fields.has(FieldId::te)) {
    fields.remove_if([](const Field& f) { return f.id == FieldId::te && !equals_ignoring_case(f.value, "trailers"); });
  }
  return std::nullopt;
}

bool write_request_head(std::string& out, const RequestOut& request, const Fields& fields,
                        std::span<const Field> added) {
  if (!is_token(request.method) || !is_visible_ascii(request.path) || !is_visible_ascii(request.query) ||
      !is_visible_ascii(request.host) || !all_tokens(added)) {
    return false;
  }
  HeadWriter writer(out, size_bound(fields, added) + request.method.size() + request.path.size() +
                             request.query.size() + request.host.size());
  writer.put(request.method), writer.put(" "), writer.put(request.path);
  if (request.has_query) writer.put("?"), writer.put(request.query);
  writer.put(" HTTP/1.1"), writer.end_line();
  writer.field("Host", request.host);
  writer.fields(fields, kOursInRequests);
  for (const Field& f : added) writer.field(f.name, f.value);
  writer.framing(request.framing);
  if (request.expect_continue) writer.field("Expect", "100-continue");
  if (!request.upgrade.empty()) {
    write_upgrade(writer, request.upgrade, fields.has(FieldId::te));
  } else {
    write_connection(writer, request.keep_alive, fields.has(FieldId::te));
  }
  return writer.finish();
}

bool write_response_head(std::string& out, const ResponseOut& response, const Fields& fields,
                         std::span<const Field> added) {
  if (response.status < 100 || response.status > 999 || !all_tokens(added)) return false;
  const std::string_view reason = response.reason.empty() ? reason_phrase(response.status) : response.reason;
  HeadWriter writer(out, size_bound(fields, added) + reason.size());
  const auto digit = [&](int value) { return static_cast<char>('0' + value % 10); };
  const char status[] = {digit(response.status / 100), digit(response.status / 10), digit(response.status), ' '};
  writer.put("HTTP/1.1 "), writer.put({status, sizeof status}), writer.put(reason), writer.end_line();
  writer.fields(fields, kOursInResponses);
  for (const Field& f : added) writer.field(f.name, f.value);
  if (response.status >= 200 && response.status != 204) {
    writer.framing(response.framing);
    if (response.framing.kind == BodyFraming::Kind::none && response.declared_length) {
      writer.number_field("Content-Length", *response.declared_length);
    }
  }
  if (!response.upgrade.empty()) {
    write_upgrade(writer, response.upgrade, false);
  } else if (!response.keep_alive) {
    writer.field("Connection", "close");
  } else if (response.client_version_minor == 0) {
    writer.field("Connection", "keep-alive");
  }
  return writer.finish();
}

}  // namespace tandem::http
