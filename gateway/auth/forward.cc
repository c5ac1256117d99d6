#include "gateway/auth/forward.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/http/byte_class.h"
#include "gateway/auth/credential.h"

namespace tandem::gateway {
namespace {

using http::FieldId;
using Answer = HelperService::Answer;

constexpr std::uint64_t kTheseRules = 0;  // they are those of the configuration, as long as it lasts
constexpr std::size_t kMostBytes = 64 * 1024;

bool begins(std::string_view name, std::string_view prefix) {
  return http::equals_ignoring_case(name.substr(0, prefix.size()), prefix);
}

// What speaks of a body, of a stored answer, or of what the client can read: the service is asked for a verdict only.
bool concerns_another_answer(const http::Field& field) {
  constexpr http::FieldSet kLeftOut(FieldId::accept_encoding, FieldId::range, FieldId::expect,
                                    FieldId::transfer_encoding);
  if (field.id != FieldId::other && kLeftOut.has(field.id)) return true;
  return begins(field.name, "content-") || begins(field.name, "sec-websocket-") || begins(field.name, "if-");
}

std::string uri_of(const Exchange& exchange) {
  std::string uri(exchange.path);
  if (exchange.request.has_query) uri.append("?").append(exchange.request.query);
  return uri;
}

http::Fields fields_for(const ForwardConfig& config, const Exchange& exchange, const std::string& uri) {
  http::Fields fields;
  for (const http::Field& field : exchange.request.fields) {
    if (concerns_another_answer(field)) continue;
    const auto is_same = [&](const std::string& name) { return http::equals_ignoring_case(name, field.name); };
    if (!config.headers.empty() && std::ranges::none_of(config.headers, is_same)) continue;
    fields.add(field.name, field.value, field.id);
  }
  fields.set("X-Forwarded-Method", exchange.request.method_text);
  fields.set("X-Forwarded-Uri", uri);
  return fields;
}

bool redirects(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  for (std::string_view rest = list; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (const std::string_view word = http::trim(rest.substr(0, comma)); !word.empty()) words.emplace_back(word);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return words;
}

std::string lower(std::string_view name) {
  std::string out;
  for (const char c : name) out += http::to_lower(c);
  return out;
}

}  // namespace

Forward::Forward(const AuthConfig& config, std::shared_ptr<AuthHistory> history,
                 std::shared_ptr<const HelperService> helper)
    : Provider(config, std::move(history)),
      helper_(std::move(helper)),
      availability_(config.name, this->history().helper,
                    config.forward.allow_if_unavailable ? "everybody is let through as nobody (if_unavailable)"
                                                        : "callers are answered 503") {}

std::optional<Verified::Hash> Forward::mark_of(const Exchange& exchange) const {
  const ForwardConfig& forward = config().forward;
  if (forward.cache.keep == Duration::zero()) return std::nullopt;
  std::string text;
  for (const VerdictKey& part : forward.cache.key) {
    std::string_view value;
    std::string made;
    switch (part.kind) {
      case VerdictKey::Kind::credential: {
        const Presented found = find_credential(part.source, exchange);
        if (!found.credential || found.repeated) return std::nullopt;
        value = *found.credential;
        break;
      }
      case VerdictKey::Kind::method: value = exchange.request.method_text; break;
      case VerdictKey::Kind::host: value = exchange.request.host; break;
      case VerdictKey::Kind::path: value = exchange.path; break;
      case VerdictKey::Kind::uri: value = made = uri_of(exchange); break;
      case VerdictKey::Kind::ip: value = made = exchange.client.to_string(); break;
    }
    text.append(std::to_string(value.size())).append(1, ':').append(value);  // so that no part can pass for two
  }
  return Verified::hash(text);
}

std::shared_ptr<const Identity> Forward::recall(std::string_view, const Exchange& exchange) const {
  const auto mark = mark_of(exchange);
  return mark ? allowed_.find(*mark, kTheseRules, wall_now()) : nullptr;
}

async::Task<AuthVerdict> Forward::verify(std::string_view credential, Exchange& exchange) const {
  const auto mark = mark_of(exchange);
  if (!mark) co_return co_await ask(credential, exchange);
  co_return co_await flights_.share(*mark, [&] { return ask_and_keep(credential, *mark, exchange); });
}

async::Task<AuthVerdict> Forward::ask_and_keep(std::string_view credential, Verified::Hash mark,
                                               Exchange& exchange) const {
  auto verdict = co_await ask(credential, exchange);
  const bool is_answer = verdict && !(*verdict)->assumed;
  const WallTime now = wall_now();
  if (is_answer) allowed_.add(mark, kTheseRules, now + config().forward.cache.keep, now, *verdict);
  co_return verdict;
}

async::Task<AuthVerdict> Forward::ask(std::string_view credential, Exchange& exchange) const {
  const std::string uri = uri_of(exchange);
  HelperService::Request request;
  request.fields = fields_for(config().forward, exchange, uri);
  request.most_bytes = kMostBytes;
  auto answer = co_await helper_->ask(exchange, std::move(request));
  if (!answer && answer.error().origin != Origin::upstream) {
    co_return std::unexpected(AuthRefusal{answer.error().detail, answer.error().reason});
  }
  if (!answer) co_return unavailable(std::move(answer.error().detail));
  const bool shown = config().from.kind == CredentialSource::Kind::request
                         ? exchange.request.fields.has(FieldId::authorization)
                         : !credential.empty();
  co_return judge(*std::move(answer), shown);
}

AuthVerdict Forward::unavailable(std::string why) const {
  availability_.failed(why);
  if (!config().forward.allow_if_unavailable) {
    return std::unexpected(AuthRefusal{std::move(why), "auth_unavailable"});
  }
  auto nobody = std::make_shared<Identity>();
  nobody->provider = config().name;
  nobody->claims = json::Value::object();
  nobody->assumed = true;
  return nobody;
}

// `shown`: the client has shown a credential, as far as can be known.
AuthVerdict Forward::judge(Answer answer, bool shown) const {
  const int status = answer.status;
  const bool refuses = status == 401 || status == 403 || redirects(status);
  if (status / 100 != 2 && !refuses) return unavailable(fmt::format("it answers with status {}", status));
  availability_.answered();
  if (status / 100 == 2) return identity_of(answer);
  auto passed_on = std::make_shared<const PassedOn>(status, std::move(answer.fields), std::move(answer.body));
  return std::unexpected(AuthRefusal{.why = fmt::format("the service that decides answers {}", status),
                                     .charged = shown && !redirects(status),
                                     .answer = std::move(passed_on)});
}

std::shared_ptr<const Identity> Forward::identity_of(const Answer& answer) const {
  const ForwardConfig& forward = config().forward;
  const auto value = [&answer](const std::string& name) {
    const std::string* found = name.empty() ? nullptr : answer.field(name);
    return found ? *found : std::string();
  };
  auto identity = std::make_shared<Identity>();
  identity->provider = config().name;
  identity->consumer = value(forward.consumer);
  identity->groups = words_of(value(forward.groups));
  identity->plan = value(forward.plan);
  identity->claims = json::Value::object();
  for (const std::string& name : forward.copy) {
    const std::string* found = answer.field(name);
    if (!found) continue;
    identity->told.emplace_back(name, *found);
    identity->claims.add(lower(name), json::Value::string(*found));
  }
  return identity;
}

// What would be accepted is known to the service only.
std::string Forward::challenge(bool) const { return fmt::format("Forward realm=\"{}\"", config().name); }

void Forward::write_status(JsonWriter& json) const { availability_.write_status(json); }

}  // namespace tandem::gateway
