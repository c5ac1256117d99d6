#include "gateway/helper/fetch.h"

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

std::optional<Duration> seconds_of(std::string_view digits) {
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc() || digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

struct Question {
  HttpUrl url;
  http::Method method = http::Method::get;
  std::string more_fields;  // lines of the head
  std::string body;
};

async::Task<std::expected<HelperAnswer, std::string>> ask(Question question, FetchOptions options) {
  const HttpUrl& url = question.url;
  auto stream = co_await connect(url, options);
  if (!stream) co_return Why(std::move(stream.error()));
  const std::string request =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: tandem-gateway\r\nConnection: close\r\n{}\r\n{}",
                  http::method_text(question.method), url.target, url.authority(), question.more_fields, question.body);
  if (auto sent = co_await (*stream)->write_all(std::span<const char>(request), options.deadline); !sent) {
    co_return in_vain(sent.error());
  }
  http::ClientConnection connection(std::move(*stream), std::chrono::seconds(60));
  const auto head = co_await connection.read_response_head(question.method, options.deadline);
  if (!head) co_return in_vain(head.error());
  HelperAnswer answer;
  answer.status = (*head)->status;
  answer.fresh = freshness((*head)->fields.joined(http::FieldId::cache_control));
  if (const http::Field* after = (*head)->fields.find("retry-after")) answer.retry_after = seconds_of(after->value);
  while (!connection.body_done()) {
    const auto run = co_await connection.read_body(options.deadline);
    if (!run) co_return in_vain(run.error());
    if (run->empty()) break;
    if (answer.body.size() + run->size() > options.most_bytes) {
      co_return Why(fmt::format("its answer is over {} KiB", options.most_bytes / 1024));
    }
    answer.body += *run;
  }
  co_return answer;
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
    const auto seconds = seconds_of(digits);
    if (!seconds) return Duration::zero();  // unreadable: stale
    fresh = std::min(fresh.value_or(kNever), *seconds);
  }
  return fresh;
}

async::Task<std::expected<HelperAnswer, std::string>> fetch(HttpUrl url, FetchOptions options) {
  auto answer =
      co_await ask({std::move(url), http::Method::get, "Accept: application/json\r\n", {}}, std::move(options));
  if (!answer || answer->status == 200) co_return answer;
  const bool leads_on = answer->status >= 300 && answer->status < 400;
  co_return Why(fmt::format("status {}{}", answer->status, leads_on ? ", and redirects are not followed" : ""));
}

async::Task<std::expected<HelperAnswer, std::string>> post_json(HttpUrl url,
                                                                std::vector<std::pair<std::string, std::string>> fields,
                                                                std::string body, FetchOptions options) {
  Question question = {std::move(url), http::Method::post,
                       fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size()),
                       std::move(body)};
  for (const auto& [name, value] : fields) question.more_fields += fmt::format("{}: {}\r\n", name, value);
  return ask(std::move(question), std::move(options));
}

}  // namespace tandem::gateway
