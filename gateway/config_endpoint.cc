#include "gateway/config_endpoint.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/routing/template.h"

namespace tandem::gateway {
namespace {

using namespace config;

bool read_endpoint(Reader& reader, const Value& value, HelperConfig& to) {
  const auto text = reader.text(value, "\"UPSTREAM PATH\"");
  if (!text) return false;
  const std::size_t space = text->find(' ');
  if (space == std::string::npos || space == 0) {
    return reader.error(value.place, "write whom to ask and for what: \"UPSTREAM PATH\", such as \"id /introspect\"");
  }
  to = {*text, text->substr(0, space), text->substr(space + 1), value.place, 0, to.timeout};
  const auto path = routing::Template::parse(to.path, {}, routing::Template::Names::params);
  if (path) return true;
  return reader.error(reader.diagnostics().within(value.place, *text, space + 1 + path.error().offset),
                      path.error().text);
}

// Whether somebody beyond this machine could listen in.
bool is_exposed(const UpstreamConfig& upstream) {
  static const IpPrefix v4 = *IpPrefix::parse("127.0.0.0/8"), v6 = *IpPrefix::parse("::1/128");
  if (upstream.options.tls) return false;
  return upstream.options.discovery || std::ranges::any_of(upstream.options.servers, [](const auto& server) {
           if (server.address.is_unix()) return false;
           const IpAddress& ip = server.address.endpoint().ip;
           return !v4.contains(ip) && !v6.contains(ip);
         });
}

HelperConfig* helper_of(AuthConfig& provider) {
  if (provider.kind == AuthKind::introspection) return &provider.introspection.helper;
  return provider.kind == AuthKind::forward ? &provider.forward.helper : nullptr;
}

}  // namespace

const Section<HelperConfig>& endpoint_section() {
  static const Section<HelperConfig> section =
      Section<HelperConfig>()
          .custom(
              "endpoint", read_endpoint, [](const HelperConfig& from) { return std::optional<Value>(from.endpoint); },
              [] { return text().schema(); }, "Who is asked: \"UPSTREAM PATH\".")
          .required()
          .field("timeout", &HelperConfig::timeout, duration(std::chrono::milliseconds(1), std::chrono::minutes(1)),
                 "Of a call, with its tries and the answer's last byte.");
  return section;
}

void resolve_endpoints(Reader& reader, GatewayConfig& config, std::span<const Defined> upstreams,
                       std::vector<bool>& used) {
  for (AuthConfig& provider : config.auth) {
    HelperConfig* helper = helper_of(provider);
    if (!helper || !helper->place.known()) continue;
    const auto scope = reader.inside("auth " + quoted(provider.name));
    const auto inner = reader.inside("endpoint");
    const auto index = resolve(reader, "upstream", helper->upstream, helper->place, upstreams);
    if (!index) continue;
    helper->index = *index;
    used[*index] = true;
    if (is_exposed(config.upstreams[*index])) {
      reader.warning(helper->place, fmt::format("credentials go to upstream {} without TLS: whoever stands between can "
                                                "read them, and give other answers",
                                                quoted(helper->upstream)));
    }
  }
}

}  // namespace tandem::gateway
