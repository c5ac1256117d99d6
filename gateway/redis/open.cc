#include "gateway/redis/open.h"

#include <array>

#include <fmt/format.h>

#include "common/balance/connect.h"
#include "common/balance/look_up.h"
#include "gateway/redis/command.h"
#include "gateway/redis/reply.h"

namespace tandem::redis {
namespace {

constexpr std::size_t kMostAddresses = 4;  // of a name, that are tried

using Why = std::unexpected<std::string>;
using Opened = std::expected<std::unique_ptr<net::Stream>, std::string>;

Why in_vain(const Error& error) {
  if (error.reason == "timeout") return Why("there was no answer in time");
  return Why(error.detail.empty() ? std::string(error.reason) : error.detail);
}

async::Task<std::expected<std::vector<Address>, std::string>> addresses_of(const Options& options) {
  if (const auto* address = std::get_if<Address>(&options.target)) co_return std::vector{*address};
  const auto& name = std::get<balance::DnsSource>(options.target);
  const balance::Finding found = co_await balance::look_up(name, options.resolvers);
  if (found.servers.empty()) co_return Why(fmt::format("{}: {}", name.name, found.why));
  std::vector<Address> addresses;
  for (const auto& server : found.servers) {
    if (addresses.size() < kMostAddresses) addresses.push_back(server.address);
  }
  co_return addresses;
}

async::Task<Opened> connect(const Options& options, Instant deadline) {
  const auto addresses = co_await addresses_of(options);
  if (!addresses) co_return Why(addresses.error());
  const auto* source = std::get_if<balance::DnsSource>(&options.target);
  std::string why;
  for (const Address& address : *addresses) {
    auto stream = co_await balance::connect_with(options.tls ? options.tls->context.get() : nullptr, address,
                                                 source ? source->name : std::string(), {}, deadline);
    if (stream) co_return std::move(*stream);
    why = in_vain(stream.error()).error();
    if (stream.error().origin != Origin::upstream) break;
  }
  co_return Why(std::move(why));
}

struct Greeting {
  std::string bytes;
  std::vector<std::string_view> steps;  // what each reply is to, for people
};

Greeting greeting(const Options& options, const std::vector<std::string>& probe) {
  Greeting made;
  const auto add = [&](std::string_view step, std::vector<std::string_view> words) {
    append_command(made.bytes, words);
    made.steps.push_back(step);
  };
  const std::string database = std::to_string(options.database);
  if (options.password && options.username.empty()) add("AUTH", {"AUTH", *options.password});
  if (options.password && !options.username.empty()) add("AUTH", {"AUTH", options.username, *options.password});
  if (options.database != 0) add("SELECT", {"SELECT", database});
  add("the first call", {probe.begin(), probe.end()});
  return made;
}

}  // namespace

std::string to_text(const Target& target) {
  if (const auto* address = std::get_if<Address>(&target)) return address->to_string();
  const auto& source = std::get<balance::DnsSource>(target);
  return fmt::format("{}:{}", source.name, source.port);
}

async::Task<Opened> open(const Options& options, const std::vector<std::string>& probe, Instant deadline) {
  auto stream = co_await connect(options, deadline);
  if (!stream) co_return stream;
  const Greeting say = greeting(options, probe);
  if (auto sent = co_await (*stream)->write_all(std::span<const char>(say.bytes), deadline); !sent) {
    co_return in_vain(sent.error());
  }
  ReplyReader replies;
  std::array<char, 4096> buffer{};
  for (std::size_t answered = 0; answered < say.steps.size();) {
    const auto reply = replies.next();
    if (reply && reply->is_error()) co_return Why(fmt::format("{}: {}", say.steps[answered], reply->text));
    if (reply) {
      ++answered;
      continue;
    }
    if (!replies.error().empty()) co_return Why("this is not Redis: " + replies.error());
    const auto read = co_await (*stream)->read_some(buffer, deadline);
    if (!read) co_return in_vain(read.error());
    if (*read == 0) co_return Why("it has ended the connection");
    replies.feed({buffer.data(), *read});
  }
  co_return std::move(*stream);
}

}  // namespace tandem::redis
