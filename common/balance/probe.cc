#include "common/balance/probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/balance/connect.h"
#include "common/base/host_name.h"
#include "common/http/client_connection.h"
#include "common/net/proxy_protocol.h"
#include "common/net/stream.h"

namespace tandem::balance {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024;

bool asks_http(const HealthOptions& health) {
  return health.check == CheckKind::http || health.check == CheckKind::https;
}
bool speaks_tls(const HealthOptions& health) {
  return health.check == CheckKind::tls || health.check == CheckKind::https;
}

// The name to ask for in TLS: the check's Host without its port, if it is a name.
std::string tls_name(const UpstreamOptions& upstream) {
  const std::string_view host(upstream.health.host);
  return normal_host_name(host.substr(0, host.find(':'))).value_or(own_name(upstream));
}

CheckOutcome failed(std::string what) { return {.passed = false, .draining = false, .what = std::move(what)}; }

std::string within_time(std::string_view what, Duration timeout) {
  return fmt::format("{} within {} ms", what, std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
}

// The last part of "connect to 127.0.0.1:9001: connection refused": who it is stands in the log line already.
std::string last_part(const std::string& detail) {
  const auto colon = detail.rfind(": ");
  return colon == std::string::npos ? detail : detail.substr(colon + 2);
}

// What an error says of the server; nothing when it says nothing of it.
std::optional<CheckOutcome> outcome_of(const Error& error, Duration timeout) {
  if (error.reason == "upstream_connect_timeout") return failed(within_time("no connection", timeout));
  if (error.reason == "timeout" || error.reason == "upstream_timeout") return failed(within_time("no answer", timeout));
  if (error.reason == "upstream_connect" || error.reason == "upstream_tls" || error.reason == "reset")
    return failed(last_part(error.detail));
  if (error.reason == "upstream_protocol") return failed("its answer is not valid HTTP: " + error.detail);
  if (error.origin == Origin::upstream) return failed(error.detail.empty() ? std::string(error.reason) : error.detail);
  return std::nullopt;
}

async::Task<std::optional<CheckOutcome>> ask(const UpstreamOptions& upstream, const Address& server,
                                             std::unique_ptr<net::Stream> stream, std::string request,
                                             Instant deadline) {
  const HealthOptions& health = upstream.health;
  if (auto sent = co_await stream->write_all(std::span<const char>(request), deadline); !sent) {
    co_return outcome_of(sent.error(), health.timeout);
  }
  if (!asks_http(health)) {
    co_return CheckOutcome{
        .passed = true, .draining = false, .what = speaks_tls(health) ? "it speaks TLS" : "it accepts connections"};
  }
  http::ClientConnection connection(std::move(stream), health.timeout);
  const auto head = co_await connection.read_response_head(http::Method::get, deadline);
  if (!head) co_return outcome_of(head.error(), health.timeout);
  const http::Field* state = (*head)->fields.find("gateway-state");
  CheckOutcome outcome = judge_answer(health, (*head)->status, state && state->value == "draining");
  if (const http::Field* admin = (*head)->fields.find("gateway-admin")) {
    outcome.admin = announced_admin(admin->value, server);
  }
  // The body decides nothing. It is read, within limits, so that the server does not see its answer cut off.
  for (std::size_t read = 0; read < kMaxAnswer && !connection.body_done();) {
    const auto run = co_await connection.read_body(deadline);
    if (!run || run->empty()) break;
    read += run->size();
  }
  co_return outcome;
}

}  // namespace

std::optional<IpEndpoint> announced_admin(std::string_view text, const Address& server) {
  const auto said = Address::parse(text);
  if (!said || said->is_unix() || said->endpoint().port == 0) return std::nullopt;
  IpEndpoint endpoint = said->endpoint();
  if (endpoint.ip == IpAddress{} || endpoint.ip == *IpAddress::parse("0.0.0.0")) {  // that of ":9901" too
    if (server.is_unix()) return std::nullopt;
    endpoint.ip = server.endpoint().ip;
  }
  return endpoint;
}

Address check_address(const Address& server, const HealthOptions& options) {
  if (!options.port || server.is_unix()) return server;
  return Address(IpEndpoint{server.endpoint().ip, *options.port});
}

std::string check_preamble(const UpstreamOptions& upstream) {
  std::string bytes;
  switch (upstream.health.proxy_protocol.value_or(upstream.proxy_protocol)) {
    case ProxyProtocol::off: break;
    case ProxyProtocol::v1: net::append_proxy_v1_unknown(bytes); break;
    case ProxyProtocol::v2: net::append_proxy_v2_local(bytes); break;
  }
  return bytes;
}

std::string check_request(const HealthOptions& options, const Address& server) {
  std::string host = options.host;
  if (host.empty()) host = server.is_unix() ? "localhost" : server.to_string();
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: tandem-check\r\nAccept: */*\r\nConnection: close\r\n\r\n",
      options.path, host);
}

CheckOutcome judge_answer(const HealthOptions& options, int status, bool says_draining) {
  const bool passed = std::ranges::any_of(
      options.status, [status](const StatusRange& range) { return status >= range.from && status <= range.to; });
  return {.passed = passed, .draining = status == 503 && says_draining, .what = fmt::format("status {}", status)};
}

async::Task<std::optional<CheckOutcome>> probe(const UpstreamOptions& upstream, Address server) {
  const HealthOptions& health = upstream.health;
  const Instant deadline = deadline_after(now(), health.timeout);
  const net::TlsClientContext* context = speaks_tls(health) ? &check_context(upstream) : nullptr;
  std::string request = check_preamble(upstream);
  std::string before_tls = context ? std::exchange(request, {}) : std::string();
  auto stream = co_await connect_with(context, check_address(server, health), tls_name(upstream), std::move(before_tls),
                                      deadline);
  if (!stream) co_return outcome_of(stream.error(), health.timeout);
  if (asks_http(health)) request += check_request(health, server);
  co_return co_await ask(upstream, server, std::move(*stream), std::move(request), deadline);
}

}  // namespace tandem::balance
