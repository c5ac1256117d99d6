#include "common/http/forwarding.h"

#include <algorithm>
#include <optional>

#include "common/base/json_writer.h"
#include "common/http/byte_class.h"

namespace tandem::http {
namespace {

// An element of X-Forwarded-For: an address, some proxies add brackets or a port.
std::optional<IpAddress> parse_element(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end == std::string_view::npos ? std::nullopt : IpAddress::parse(text.substr(1, end - 1));
  }
  if (const auto address = IpAddress::parse(text)) return address;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon != text.rfind(':')) return std::nullopt;
  return IpAddress::parse(text.substr(0, colon));
}

bool is_forged(const Field& field) {
  switch (field.id) {
    case FieldId::forwarded:
    case FieldId::via:
    case FieldId::x_client_cert:
    case FieldId::x_forwarded_for:
    case FieldId::x_forwarded_host:
    case FieldId::x_forwarded_port:
    case FieldId::x_forwarded_prefix:
    case FieldId::x_forwarded_proto:
    case FieldId::x_real_ip:
    case FieldId::x_request_id: return true;
    case FieldId::other: break;
    default: return false;
  }
  constexpr std::string_view kFamily = "x-forwarded-";
  return field.name.contains('_') || equals_ignoring_case(field.name.substr(0, kFamily.size()), kFamily);
}

}  // namespace

bool is_trusted(const IpAddress& peer, std::span<const IpPrefix> trusted) {
  return std::ranges::any_of(trusted, [&](const IpPrefix& prefix) { return prefix.contains(peer); });
}

IpAddress client_address(const IpAddress& peer, const Fields& fields, std::span<const IpPrefix> trusted) {
  IpAddress client = peer;
  if (!fields.has(FieldId::x_forwarded_for) || !is_trusted(peer, trusted)) return client;
  const std::string list = fields.joined(FieldId::x_forwarded_for);
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::size_t comma = rest.rfind(',');
    const auto address = parse_element(trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
    if (!address) break;
    client = *address;
    if (comma == std::string_view::npos || !is_trusted(client, trusted)) break;
    rest = rest.substr(0, comma);
  }
  return client;
}

Forwarding forwarding_of(const RequestHead& head, const IpAddress& peer, std::span<const IpPrefix> trusted, bool secure,
                         std::string_view via_name) {
  Forwarding out;
  const bool believed = is_trusted(peer, trusted);
  out.forwarded_for = believed ? head.fields.joined(FieldId::x_forwarded_for) : std::string();
  if (!out.forwarded_for.empty()) out.forwarded_for += ", ";
  peer.append_to(out.forwarded_for);

  out.forwarded_proto = secure ? "https" : "http";
  out.forwarded_host = head.authority;
  if (believed) {
    const auto proto = head.fields.value(FieldId::x_forwarded_proto);
    if (proto == "http" || proto == "https") out.forwarded_proto = *proto;
    const auto host = head.fields.value(FieldId::x_forwarded_host);
    if (host && !host->empty()) out.forwarded_host = *host;
  }

  out.via = head.fields.joined(FieldId::via);
  if (!out.via.empty()) out.via += ", ";
  out.via.append("1.").append(1, static_cast<char>('0' + head.version_minor)).append(1, ' ').append(via_name);
  return out;
}

void remove_forwarding_fields(Fields& fields) { fields.remove_if(is_forged); }

bool has_passed(const Fields& fields, std::string_view name) {
  if (!fields.has(FieldId::via)) return false;
  bool found = false;
  for (const Field& field : fields) {
    if (field.id != FieldId::via) continue;
    for_each_element(field.value, [&](std::string_view element) {  // protocol SP received-by [SP comment]
      const std::size_t space = element.find(' ');
      if (space == std::string_view::npos) return;
      const std::string_view by = trim(element.substr(space + 1));
      found |= by.substr(0, by.find_first_of(" \t")) == name;
    });
  }
  return found;
}

std::string request_id(std::string_view connection, std::uint64_t number) {
  std::string id(connection);
  id += '-';
  append_number(id, number);
  return id;
}

}  // namespace tandem::http
