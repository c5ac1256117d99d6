#include "gateway/auth/credential.h"

#include <algorithm>
#include <string>

#include "common/http/byte_class.h"
#include "gateway/routing/segment.h"

namespace tandem::gateway {
namespace {

using Kind = CredentialSource::Kind;

// Calls visit(whole, name, value) for each "name=value" between separators.
template <class Visit>
void for_each_pair(std::string_view list, char separator, Visit visit) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(separator), list.size());
    const std::string_view whole = list.substr(0, end);
    const std::string_view pair = separator == ';' ? http::trim(whole) : whole;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view name = pair.substr(0, equals);
    visit(whole, separator == ';' ? http::trim(name) : name, pair.substr(std::min(equals + 1, pair.size())));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

// Whether a name says `wanted` to whoever decodes it. Those of a query come in any spelling, of cookies in one.
bool names(std::string_view name, char separator, std::string_view wanted) {
  if (name == wanted) return true;
  return separator == '&' && routing::decodes_to(name, wanted);
}

// What `list` is without the pairs of that name.
std::string without(std::string_view list, char separator, std::string_view name) {
  std::string out;
  for_each_pair(list, separator, [&](std::string_view whole, std::string_view pair, std::string_view) {
    if (names(pair, separator, name)) return;
    if (!out.empty()) out += separator;
    out += out.empty() ? http::trim(whole) : whole;
  });
  return out;
}

void note(Presented& found, std::string_view value) {
  found.repeated = found.credential.has_value();
  if (!found.repeated) found.credential = value;
}

void note_all(Presented& found, std::string_view list, char separator, std::string_view wanted) {
  for_each_pair(list, separator, [&](std::string_view, std::string_view name, std::string_view value) {
    if (names(name, separator, wanted)) note(found, value);
  });
}

Presented among(std::string_view list, char separator, std::string_view wanted) {
  Presented found;
  note_all(found, list, separator, wanted);
  return found;
}

// Of Authorization: the rest behind the scheme (RFC 9110 §11.4).
Presented behind_scheme(const http::RequestHead& request, std::string_view scheme) {
  const auto value = request.fields.value(http::FieldId::authorization);  // at most once: the parser sees to it
  if (!value) return {};
  const std::size_t space = std::min(value->find(' '), value->size());
  if (!http::equals_ignoring_case(value->substr(0, space), scheme)) return {};
  std::string_view rest = value->substr(space);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return {rest, false};
}

}  // namespace

Presented find_credential(const CredentialSource& source, const Exchange& exchange) {
  if (source.kind == Kind::certificate) {
    if (!exchange.tls || !exchange.tls->has_peer_certificate) return {};
    return {exchange.tls->peer.fingerprint, false};
  }
  if (source.kind == Kind::request) return {std::string_view(), false};
  const http::RequestHead& request = exchange.request;
  if (source.kind == Kind::scheme) return behind_scheme(request, source.name);
  if (source.kind == Kind::query) {
    return request.has_query ? among(request.query, '&', source.name) : Presented();
  }
  Presented found;
  for (const http::Field& field : request.fields) {
    if (source.kind == Kind::cookie && field.id == http::FieldId::cookie) {
      note_all(found, field.value, ';', source.name);
    } else if (source.kind == Kind::header && http::equals_ignoring_case(field.name, source.name)) {
      note(found, field.value);
    }
  }
  return found;
}

void remove_credential(const CredentialSource& source, http::Fields& fields, std::string_view& query,
                       std::forward_list<std::string>& kept) {
  switch (source.kind) {
    case Kind::scheme:
    case Kind::request: fields.remove(http::FieldId::authorization); return;
    case Kind::header: fields.remove(source.name); return;
    case Kind::query:
      if (among(query, '&', source.name).credential) query = kept.emplace_front(without(query, '&', source.name));
      return;
    case Kind::certificate: return;
    case Kind::cookie: break;
  }
  std::string all;
  bool there = false;
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::cookie) continue;
    there = there || among(field.value, ';', source.name).credential;
    all.append(all.empty() ? "" : "; ").append(field.value);
  }
  if (!there) return;
  fields.remove(http::FieldId::cookie);
  if (std::string left = without(all, ';', source.name); !left.empty()) {
    fields.add("Cookie", kept.emplace_front(std::move(left)), http::FieldId::cookie);
  }
}

void remove_credential(const CredentialSource& source, Exchange& exchange) {
  http::RequestHead& request = exchange.request;
  std::string_view query = request.has_query ? request.query : std::string_view();
  remove_credential(source, request.fields, query, exchange.kept);
  if (!request.has_query || query.data() == request.query.data()) return;
  request.query = query;
  request.has_query = !query.empty();
}

}  // namespace tandem::gateway
