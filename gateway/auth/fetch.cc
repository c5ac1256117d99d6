#include "gateway/auth/fetch.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "common/balance/connect.h"
#include "common/balance/look_up.h"
#include "common/http/byte_class.h"
#include "common/http/client_connection.h"

namespace tandem::gateway {
namespace {

constexpr std::size_t kMostAddresses = 4;  // that are tried

using Why = std::unexpected<std::string>;

Why in_vain(const Error& error) {
  if (error.reason == "upstream_timeout" || error.reason == "timeout") return Why("there was no answer in time");
  if (error.reason == "upstream_connect_timeout") return Why("no connection in time");
  return Why(error.detail.empty() ? std::string(error.reason) : error.detail);
}

async::Task<std::expected<std::vector<Address>, std::string>> addresses_of(const HttpUrl& url,
                                                                           const FetchOptions& options) {
  if (const auto ip = IpAddress::parse(url.host)) co_return std::vector{Address(IpEndpoint{*ip, url.port})};
  const balance::Finding found = co_await balance::look_up({url.host, url.port}, options.resolvers);
  if (found.servers.empty()) co_return Why(fmt::format("{}: {}", url.host, found.why));
  std::vector<Address> addresses;
  for (const auto& server : found.servers) {
    if (addresses.size() < kMostAddresses) addresses.push_back(server.address);
  }
  co_return addresses;
}

async::Task<std::expected<std::unique_ptr<net::Stream>, std::string>> connect(const HttpUrl& url,
                                                                              const FetchOptions& options) {
  const auto addresses = co_await addresses_of(url, options);
  if (!addresses) co_return Why(addresses.error());
  std::string why;
  for (const Address& address : *addresses) {
    auto stream = co_await balance::connect_with(url.secure ? options.tls.get() : nullptr, address, url.host, {},
                                                 options.deadline);
    if (stream) co_return std::move(*stream);
    why = in_vain(stream.error()).error();
    if (stream.error().origin != Origin::upstream) break;
  }
  co_return Why(std::move(why));
}

}  // namespace

std::optional<Duration> freshness(std::string_view list) {
  std::optional<Duration> fresh;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view directive = http::trim(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    const std::size_t equals = std::min(directive.find('='), directive.size());
    const std::string_view name = directive.substr(0, equals);
    if (http::equals_ignoring_case(name, "no-store") || http::equals_ignoring_case(name, "no-cache")) {
      return Duration::zero();
    }
    if (!http::equals_ignoring_case(name, "max-age") || equals == directive.size()) continue;
    const std::string_view digits = directive.substr(equals + 1);
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (error != std::errc() || end != digits.data() + digits.size()) return Duration::zero();  // unreadable: stale
    fresh = std::min(fresh.value_or(kNever), Duration(std::chrono::seconds(seconds)));
  }
  return fresh;
}

async::Task<std::expected<Fetched, std::string>> fetch(HttpUrl url, FetchOptions options) {
  auto stream = co_await connect(url, options);
  if (!stream) co_return Why(std::move(stream.error()));
  const std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: tandem-gateway\r\nAccept: application/json\r\n"
      "Connection: close\r\n\r\n",
      url.target, url.authority());
  if (auto sent = co_await (*stream)->write_all(std::span<const char>(request), options.deadline); !sent) {
    co_return in_vain(sent.error());
  }
  http::ClientConnection connection(std::move(*stream), std::chrono::seconds(60));
  const auto head = co_await connection.read_response_head(http::Method::get, options.deadline);
  if (!head) co_return in_vain(head.error());
  if ((*head)->status != 200) {
    const bool leads_on = (*head)->status >= 300 && (*head)->status < 400;
    co_return Why(fmt::format("status {}{}", (*head)->status, leads_on ? ", and redirects are not followed" : ""));
  }
  Fetched fetched;
  fetched.fresh = freshness((*head)->fields.joined(http::FieldId::cache_control));
  while (!connection.body_done()) {
    const auto run = co_await connection.read_body(options.deadline);
    if (!run) co_return in_vain(run.error());
    if (run->empty()) break;
    if (fetched.body.size() + run->size() > options.most_bytes) {
      co_return Why(fmt::format("its answer is over {} KiB", options.most_bytes / 1024));
    }
    fetched.body += *run;
  }
  co_return fetched;
}

}  // namespace tandem::gateway
