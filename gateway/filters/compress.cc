#include "gateway/filters/compress.h"

#include <algorithm>

#include "common/http/byte_class.h"
#include "common/http/negotiate.h"
#include "gateway/filters/compressed_body.h"
#include "gateway/filters/vary.h"

namespace tandem::gateway {
namespace {

using http::FieldId;
using Kind = http::BodyFraming::Kind;

constexpr std::size_t kAtOnce = 64 * 1024;  // a text up to this size is encoded whole, so that its length is known

// Of the lists of all fields of that name.
std::vector<std::string_view> elements(const http::Fields& fields, FieldId id) {
  std::vector<std::string_view> all;
  for (const http::Field& field : fields) {
    if (field.id == id) http::for_each_element(field.value, [&](std::string_view one) { all.push_back(one); });
  }
  return all;
}

bool is_plain(const http::Fields& fields) {
  return std::ranges::none_of(elements(fields, FieldId::content_encoding),
                              [](std::string_view coding) { return !http::equals_ignoring_case(coding, "identity"); });
}

bool forbids_transforming(const http::Fields& fields) {
  return std::ranges::any_of(elements(fields, FieldId::cache_control), [](std::string_view directive) {
    return http::equals_ignoring_case(directive, "no-transform");
  });
}

// Sums over the bytes as they are would be wrong afterwards (RFC 9530, RFC 1864).
bool is_summed(const http::Fields& fields) {
  return std::ranges::any_of(
      std::array<std::string_view, 5>{"content-digest", "repr-digest", "digest", "content-md5", "content-range"},
      [&](std::string_view name) { return fields.find(name) != nullptr; });
}

// Other bytes under the same strong tag would be a lie (RFC 9110 §8.8.3.3).
void weaken_etag(Response& response) {
  const auto tag = response.fields.value(FieldId::etag);
  if (!tag || !tag->starts_with('"')) return;
  std::string weak = "W/" + std::string(*tag);
  response.fields.remove(FieldId::etag);
  response.add("ETag", std::move(weak));
}

std::string_view media_type(std::string_view content_type) {
  return http::trim(content_type.substr(0, content_type.find(';')));
}

// How long the body is, or would be if this were no answer to HEAD.
std::optional<std::uint64_t> known_length(const Response& response) {
  if (response.framing.kind == Kind::length) return response.framing.length;
  return response.framing.kind == Kind::none ? response.declared_length : std::nullopt;
}

}  // namespace

std::optional<Encoding> choose_encoding(std::string_view accept_encoding, std::span<const Encoding> offered) {
  std::optional<Encoding> best;
  int weight = 0;
  for (const Encoding encoding : offered) {
    const int liked = http::coding_weight(accept_encoding, coding_name(encoding)).value_or(0);
    if (liked > weight) best = encoding, weight = liked;
  }
  // "*" speaks of codings that are not named; the plain body only when it is named itself.
  bool names_identity = false;
  http::for_each_element(accept_encoding, [&](std::string_view element) {
    names_identity =
        names_identity || http::equals_ignoring_case(http::trim(element.substr(0, element.find(';'))), "identity");
  });
  if (best && names_identity && http::coding_weight(accept_encoding, "identity").value_or(0) > weight)
    return std::nullopt;
  return best;
}

bool is_listed_type(std::string_view content_type, std::span<const std::string> types) {
  const std::string_view type = media_type(content_type);
  if (type.empty()) return false;
  return std::ranges::any_of(types, [&](std::string_view pattern) {
    if (pattern.ends_with("/*")) {
      const std::size_t size = pattern.size() - 1;
      return http::equals_ignoring_case(type.substr(0, size), pattern.substr(0, size));
    }
    if (!pattern.starts_with("*+")) return http::equals_ignoring_case(type, pattern);
    const std::size_t size = pattern.size() - 1;
    return type.size() > size && http::equals_ignoring_case(type.substr(type.size() - size), pattern.substr(1));
  });
}

bool Compress::is_worth_it(const Response& response) const {
  if (response.status < 200 || response.status == 204 || response.status == 205 || response.status == 206) return false;
  if (!is_plain(response.fields) || forbids_transforming(response.fields) || is_summed(response.fields)) return false;
  if (!is_listed_type(response.fields.value(FieldId::content_type).value_or(""), config_.types)) return false;
  return known_length(response).value_or(config_.min_size) >= config_.min_size;
}

async::Task<Result<Response>> Compress::handle(Exchange& exchange, Next next) const {
  const http::RequestHead& request = exchange.request;
  const bool head = request.method == http::Method::head;
  std::optional<Encoding> wanted;
  if (request.fields.has(FieldId::accept_encoding) && !request.fields.has(FieldId::range)) {
    wanted = choose_encoding(request.fields.joined(FieldId::accept_encoding), config_.encodings);
  }
  auto response = co_await next(exchange);
  if (!response) co_return response;
  if (response->status == 304) {  // speaks of the answer that a cache got under the weak tag
    add_vary(*response, "Accept-Encoding");
    if (wanted) weaken_etag(*response);
    co_return response;
  }
  if (!is_worth_it(*response)) co_return response;
  add_vary(*response, "Accept-Encoding");
  if (!wanted || !encode(*response, *wanted, head)) co_return response;
  weaken_etag(*response);
  response->fields.remove("accept-ranges");  // ranges of the encoded bytes cannot be had
  response->fields.set("Content-Encoding", coding_name(*wanted));
  co_return response;
}

// An answer to HEAD says what GET's would; only its length is not known without the work.
bool Compress::encode(Response& response, Encoding encoding, bool head) const {
  response.fields.remove(FieldId::content_length);
  if (response.framing.kind == Kind::none) {
    if (!head) return false;
    response.declared_length.reset();
    return true;
  }
  BodyShape shape = {.length = known_length(response)};
  shape.events = http::equals_ignoring_case(media_type(response.fields.value(FieldId::content_type).value_or("")),
                                            "text/event-stream");
  auto encoder = make_encoder(encoding, shape);
  if (!encoder) return false;
  if (!response.body && response.text.size() <= kAtOnce) {
    std::string encoded;
    if (!encoder->encode(response.text, Encoder::Then::finish, encoded)) return false;
    response.text = std::move(encoded);
    response.framing = http::BodyFraming::of_length(response.text.size());
    return true;
  }
  if (!response.body) response.body = std::make_unique<TextBody>(std::move(response.text));
  response.body = std::make_unique<CompressedBody>(std::move(response.body), std::move(encoder), !shape.length);
  response.framing = http::BodyFraming::chunked();
  return true;
}

}  // namespace tandem::gateway
