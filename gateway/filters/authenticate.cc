#include "gateway/filters/authenticate.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <fmt/format.h>

#include "common/async/scheduler.h"
#include "gateway/auth/credential.h"
#include "gateway/error_answer.h"
#include "gateway/exchange.h"

namespace tandem::gateway {
namespace {

Instant turn() { return async::Scheduler::current().now(); }

// What several providers know of one caller: the first one's word goes where they say different things.
std::shared_ptr<const Identity> merged(std::vector<std::shared_ptr<const Identity>> identities) {
  if (identities.size() == 1) return std::move(identities.front());
  auto all = std::make_shared<Identity>(*identities.front());
  for (std::size_t i = 1; i < identities.size(); ++i) {
    const Identity& other = *identities[i];
    all->scopes.insert(all->scopes.end(), other.scopes.begin(), other.scopes.end());
    all->groups.insert(all->groups.end(), other.groups.begin(), other.groups.end());
    all->told.insert(all->told.end(), other.told.begin(), other.told.end());
    all->assumed |= other.assumed;
    if (all->plan.empty()) all->plan = other.plan;
    for (std::size_t m = 0; m < other.claims.names().size(); ++m) {
      if (!all->claims.find(other.claims.names()[m]))
        all->claims.add(other.claims.names()[m], other.claims.values()[m]);
    }
  }
  return all;
}

// The service that decides has its own words for the client.
Response passed_on(const PassedOn& answer, Exchange& exchange, std::string why) {
  Response response;
  response.status = answer.status;
  for (const auto& [name, value] : answer.fields) {
    response.storage.push_front(name);
    response.add(response.storage.front(), value);
  }
  response.text = answer.body;
  response.framing = http::BodyFraming::of_length(answer.body.size());
  response.refusal = exchange.report.reason = answer.status == 403 ? "forbidden" : "unauthenticated";
  exchange.report.detail = std::move(why);
  return response;
}

Response rate_limited(Exchange& exchange, const Provider& provider, Duration wait) {
  Response response = declined_for(wait, "rate_limited", exchange);
  exchange.report.detail = "too many refused credentials from this address";
  const std::string item = fmt::format("\"{}-failures\"", provider.config().name);
  const limit::Rate rate = *provider.config().auth_failures;
  exchange.limits.add_exhausted(item, fmt::format("{};q={};w={}", item, rate.count, field_seconds(rate.period)), wait);
  return response;
}

}  // namespace

// What has become of verifying, over all choices.
struct Authenticate::Verification {
  Exchange& exchange;
  const limit::Key address;
  std::vector<const Provider*> refused_by;  // to be charged
  std::string why;
  std::string_view unavailable = {};       // why nobody could tell
  std::shared_ptr<const PassedOn> answer;  // what the client hears instead of ours
  Duration wait{};                         // positive: the address has shown too many that were refused
  const Provider* tired = nullptr;         // by this one
  std::shared_ptr<const Identity> identity;
};

Authenticate::Authenticate(std::vector<Group> groups, bool optional) : optional_(optional) {
  for (Group& group : groups) {
    Choice& choice = choices_.emplace_back();
    for (auto& provider : group) {
      const CredentialSource& source = provider->config().from;
      const auto known = std::ranges::find(sources_, source);
      const auto index = static_cast<std::size_t>(known - sources_.begin());
      if (known == sources_.end()) sources_.push_back(source);
      choice.sources |= Mask{1} << index;
      if (!source.is_ambient()) choice.in_request |= Mask{1} << index;
      choice.members.push_back({std::move(provider), index});
    }
  }
  assert(sources_.size() <= kMaxCredentialSources && "load_gateway() has checked it");
}

Authenticate::Shown Authenticate::look(const Exchange& exchange) const {
  Shown shown;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Presented found = find_credential(sources_[i], exchange);
    shown.repeated |= found.repeated;
    if (!found.credential) continue;
    shown.credentials[i] = *found.credential;
    shown.sources |= Mask{1} << i;
    if (!sources_[i].is_ambient()) shown.in_request |= Mask{1} << i;
  }
  const bool asks_scheme = std::ranges::any_of(
      sources_, [](const CredentialSource& source) { return source.kind == CredentialSource::Kind::scheme; });
  shown.foreign = asks_scheme && shown.sources == 0 && exchange.request.fields.has(http::FieldId::authorization);
  return shown;
}

// Whether what is shown is what the choice asks for.
bool Authenticate::is_shown(const Choice& choice, const Shown& shown) {
  return choice.in_request == shown.in_request && (choice.sources & ~shown.sources) == 0;
}

// A coroutine only where a credential is new.
async::Task<Result<Response>> Authenticate::handle(Exchange& exchange, Next next) const {
  Shown shown = look(exchange);
  if (shown.sources == 0 && !shown.foreign && optional_) {
    remove_credentials(exchange, nullptr);
    return next(exchange);
  }
  if (!shown.repeated) {
    for (const Choice& choice : choices_) {
      if (!is_shown(choice, shown)) continue;
      if (auto identity = recall(choice, shown, exchange)) {
        SpanScope(exchange.spans, SpanKind::auth, name_of(choice)).end("remembered");
        accept(exchange, choice, std::move(identity));
        return next(exchange);
      }
    }
  }
  return verify(exchange, next, shown);
}

std::shared_ptr<const Identity> Authenticate::recall(const Choice& choice, const Shown& shown,
                                                     const Exchange& exchange) const {
  if (choice.members.size() == 1) {
    const Member& only = choice.members.front();
    return only.provider->recall(shown.credentials[only.source], exchange);
  }
  std::vector<std::shared_ptr<const Identity>> identities;
  for (const Member& member : choice.members) {
    auto identity = member.provider->recall(shown.credentials[member.source], exchange);
    if (!identity) return nullptr;
    identities.push_back(std::move(identity));
  }
  return merged(std::move(identities));
}

async::Task<Result<Response>> Authenticate::verify(Exchange& exchange, Next next, Shown shown) const {
  SpanScope span(exchange.spans, SpanKind::auth, name_of(choices_.front()), "refused");
  if (shown.repeated) co_return refusal(http::bad_request("a credential stands there more than once"), exchange);
  if (shown.foreign) co_return refuse(exchange, false, "Authorization is of a scheme that nobody asks for");
  if (shown.sources == 0) co_return refuse(exchange, false, "no credential was shown");
  Verification outcome = {.exchange = exchange,
                          .address = limit::source(exchange.client),
                          .refused_by = {},
                          .why = {},
                          .answer = {},
                          .identity = {}};
  bool asked = false, ambiguous = false;
  for (const Choice& choice : choices_) {
    if (!is_shown(choice, shown)) {
      ambiguous |= choice.in_request != 0 && (choice.sources & ~shown.sources) == 0;
      continue;
    }
    asked = true;
    if (co_await ask(choice, shown, outcome)) {
      span.end("accepted");
      accept(exchange, choice, std::move(outcome.identity));
      co_return co_await next(exchange);
    }
    if (outcome.wait > Duration::zero()) {
      span.end("refused", "rate_limited");
      co_return rate_limited(exchange, *outcome.tired, outcome.wait);
    }
  }
  if (!asked && ambiguous) co_return refusal(http::bad_request("more credentials than one were shown"), exchange);
  if (!asked) co_return refuse(exchange, false, "a credential is missing");
  if (!outcome.unavailable.empty()) {
    span.end("unavailable", outcome.unavailable);
    Response response = declined_for(std::chrono::seconds(1), outcome.unavailable, exchange);
    exchange.report.detail = std::move(outcome.why);
    co_return response;
  }
  for (const Provider* provider : outcome.refused_by) {
    const limit::Rate rate = *provider->config().auth_failures;
    provider->history().failures.take(outcome.address, limit::Gcra(rate, rate.count), turn());
  }
  if (outcome.answer) co_return passed_on(*outcome.answer, exchange, std::move(outcome.why));
  co_return refuse(exchange, true, std::move(outcome.why));
}

// Whether every provider of the choice accepts its credential.
async::Task<bool> Authenticate::ask(const Choice& choice, const Shown& shown, Verification& outcome) const {
  std::vector<std::shared_ptr<const Identity>> identities;
  for (const Member& member : choice.members) {
    const Provider& provider = *member.provider;
    const std::string_view credential = shown.credentials[member.source];
    auto known = provider.recall(credential, outcome.exchange);
    if (known) {
      identities.push_back(std::move(known));
      continue;
    }
    const auto failures = provider.config().auth_failures;
    if (failures) {
      outcome.wait = provider.history().failures.wait(outcome.address, limit::Gcra(*failures, failures->count), turn());
      outcome.tired = &provider;
      if (outcome.wait > Duration::zero()) co_return false;
    }
    auto verdict = co_await provider.verify(credential, outcome.exchange);
    if (!verdict) {
      outcome.why +=
          fmt::format("{}{}: {}", outcome.why.empty() ? "" : "; ", provider.config().name, verdict.error().why);
      if (!outcome.answer) outcome.answer = verdict.error().answer;
      if (verdict.error().reason != "unauthenticated") {
        outcome.unavailable = verdict.error().reason;
      } else if (failures && verdict.error().charged &&
                 std::ranges::find(outcome.refused_by, &provider) == outcome.refused_by.end()) {
        outcome.refused_by.push_back(&provider);
      }
      co_return false;
    }
    identities.push_back(*std::move(verdict));
  }
  outcome.identity = merged(std::move(identities));
  co_return true;
}

void Authenticate::accept(Exchange& exchange, const Choice& choice, std::shared_ptr<const Identity> identity) const {
  exchange.identity = std::move(identity);
  remove_credentials(exchange, &choice);
  for (const auto& [name, value] : exchange.identity->told) exchange.request.fields.set(name, value);
}

// The service gets no credential that is for the gateway, unless the provider that has accepted it says so.
void Authenticate::remove_credentials(Exchange& exchange, const Choice* accepted_by) const {
  Mask keep = 0;
  bool keep_authorization = false;  // whatever else could have stood there
  if (accepted_by) {
    for (const Member& member : accepted_by->members) {
      if (!member.provider->config().forward_credentials) continue;
      keep |= Mask{1} << member.source;
      keep_authorization |= sources_[member.source].holds_authorization();
    }
  }
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (keep & Mask{1} << i || (keep_authorization && sources_[i].holds_authorization())) continue;
    remove_credential(sources_[i], exchange);
  }
}

Response Authenticate::refuse(Exchange& exchange, bool shown, std::string why) const {
  Response response = declined("unauthenticated", {}, exchange);
  exchange.report.detail = std::move(why);
  std::vector<std::string> challenges;
  for (const Choice& choice : choices_) {
    for (const Member& member : choice.members) {
      std::string challenge = member.provider->challenge(shown);
      if (std::ranges::find(challenges, challenge) == challenges.end()) challenges.push_back(std::move(challenge));
    }
  }
  for (std::string& challenge : challenges) response.add("WWW-Authenticate", std::move(challenge));
  return response;
}

}  // namespace tandem::gateway
