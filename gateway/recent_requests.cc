#include "gateway/recent_requests.h"

#include <algorithm>
#include <span>

#include "common/balance/server.h"
#include "gateway/access_log.h"

namespace tandem::gateway {
namespace {

constexpr std::size_t kMostText = 256;  // of a path or a host

std::optional<Duration> since(Instant began, Instant at) {
  return at == Instant{} ? std::nullopt : std::optional(at - began);
}

void copy_step(const Span& of, Instant began, Instant ended, RequestStep& to) {
  to.kind = of.kind;
  to.name = of.name;
  to.server = of.server ? std::string_view(of.server->name()) : std::string_view();
  to.result = of.result;
  to.error = of.error;
  to.status = of.status;
  to.begin = of.begin - began;
  to.end = (of.end == Instant{} ? ended : of.end) - began;
  to.picked = since(began, of.picked);
  to.connected = since(began, of.connected);
  to.answered = since(began, of.answered);
}

// The name of the part that `span` lies in, at whatever depth.
std::string_view part_of(const Span& span, std::span<const Span* const> all) {
  for (std::uint64_t parent = span.parent; parent != 0;) {
    const auto found = std::ranges::find(all, parent, &Span::id);
    if (found == all.end()) return {};
    if ((*found)->kind == SpanKind::part) return (*found)->name;
    parent = (*found)->parent;
  }
  return {};
}

void copy_record(const AccessRecord& record, RecentRequest& to) {
  to.ended = record.time;
  to.duration = record.duration;
  to.id = record.id;
  to.trace = record.trace;
  to.client = record.client.to_string();
  to.method = record.method.substr(0, kMostText);
  to.host = record.host.substr(0, kMostText);
  to.path = record.path.substr(0, std::min(record.path.find('?'), kMostText));
  to.route = record.route;
  to.reason = record.reason;
  to.upstream = record.upstream;
  to.server = record.server;
  to.cache = record.cache;
  to.consumer = record.consumer.substr(0, kMostText);
  to.status = record.status;
  to.bytes_in = record.bytes_in;
  to.bytes_out = record.bytes_out;
  to.attempts = record.attempts;
}

void copy(const AccessRecord& record, const SpanList& spans, Instant began, Instant at, RecentRequest& to) {
  copy_record(record, to);
  std::vector<const Span*> noted;  // what was done side by side is in `spans` as it ended
  noted.reserve(SpanList::kMost);
  spans.for_each([&noted](const Span& span) {
    noted.insert(std::ranges::upper_bound(noted, span.begin, {}, &Span::begin), &span);
  });
  to.steps.resize(std::min(noted.size(), RecentRequests::kMostSteps));
  for (std::size_t i = 0; i < to.steps.size(); ++i) {
    copy_step(*noted[i], began, at, to.steps[i]);
    to.steps[i].part = part_of(*noted[i], noted);
  }
}

// ---- what is told

struct Phases {
  std::optional<Duration> queue, auth, limit, cache, connect, first_byte, body;
};

void add(std::optional<Duration>& to, Duration took) {
  to = to.value_or(Duration::zero()) + std::max(took, Duration::zero());
}

void add_attempt(const RequestStep& step, const RequestStep* last, Duration end, Phases& phases) {
  if (!step.picked) return add(phases.queue, step.end - step.begin);
  add(phases.queue, *step.picked - step.begin);
  if (step.connected) add(phases.connect, *step.connected - *step.picked);
  const Duration asked = step.connected.value_or(*step.picked);
  if (step.answered) {
    add(phases.first_byte, *step.answered - asked);
    if (&step == last) add(phases.body, end - *step.answered);
  } else if (step.connected || step.error != "upstream_connect") {
    add(phases.first_byte, step.end - asked);
  } else {
    add(phases.connect, step.end - *step.picked);
  }
}

Phases phases_of(const RecentRequest& request) {
  Phases phases;
  const auto last =
      std::ranges::find(request.steps.rbegin(), request.steps.rend(), SpanKind::attempt, &RequestStep::kind);
  const RequestStep* last_attempt = last == request.steps.rend() ? nullptr : &*last;
  Duration asked = Duration::zero();
  for (const RequestStep& step : request.steps) {
    if (step.kind == SpanKind::auth) add(phases.auth, step.end - step.begin);
    if (step.kind == SpanKind::limit) add(phases.limit, step.end - step.begin);
    if (step.kind == SpanKind::cache) add(phases.cache, step.end - step.begin);
    if (step.kind != SpanKind::attempt) continue;
    add_attempt(step, last_attempt, request.duration, phases);
    asked += step.answered.value_or(step.end) - step.begin;
  }
  if (phases.cache) phases.cache = std::max(*phases.cache - asked, Duration::zero());
  return phases;
}

void write_step(JsonWriter& json, const RequestStep& step) {
  json.begin_object().member("kind", to_text(step.kind)).member("name", step.name);
  json.member_or_null("part", step.part);
  json.member_or_null("server", step.server);
  json.key("at_ms").milliseconds(step.begin);
  json.key("took_ms").milliseconds(step.end - step.begin);
  json.member_or_null("picked_at_ms", step.picked);
  json.member_or_null("connected_at_ms", step.connected);
  json.member_or_null("answered_at_ms", step.answered);
  json.key("status");
  step.status == 0 ? json.null() : json.value(step.status);
  json.member_or_null("result", step.result);
  json.member_or_null("error", step.error);
  json.end_object();
}

void write_request(JsonWriter& json, const RecentRequest& request) {
  json.begin_object().member("time", to_rfc3339(request.ended)).member("id", request.id);
  json.member_or_null("trace", request.trace);
  json.member("client", request.client).member("method", request.method).member("host", request.host);
  json.member("path", request.path);
  json.member_or_null("route", request.route);
  json.key("status");
  request.status ? json.value(*request.status) : json.null();
  json.member_or_null("reason", request.reason);
  json.member("bytes_in", request.bytes_in).member("bytes_out", request.bytes_out);
  json.key("duration_ms").milliseconds(request.duration);
  json.member_or_null("upstream", request.upstream);
  json.member_or_null("server", request.server);
  json.member("attempts", request.attempts);
  json.member_or_null("cache", request.cache);
  json.member_or_null("consumer", request.consumer);
  const Phases phases = phases_of(request);
  json.key("phases").begin_object();
  json.member_or_null("queue_ms", phases.queue);
  json.member_or_null("auth_ms", phases.auth);
  json.member_or_null("limit_ms", phases.limit);
  json.member_or_null("cache_ms", phases.cache);
  json.member_or_null("connect_ms", phases.connect);
  json.member_or_null("first_byte_ms", phases.first_byte);
  json.member_or_null("body_ms", phases.body);
  json.end_object().key("steps").begin_array();
  for (const RequestStep& step : request.steps) write_step(json, step);
  json.end_array().end_object();
}

}  // namespace

bool RecentRequests::wants(Duration took, bool failed, Instant at) {
  is_new_ = newest_.wants(at);
  is_slow_ = slowest_.wants(took, at);
  has_failed_ = failed && failed_.wants(at);
  return is_new_ || is_slow_ || has_failed_;
}

void RecentRequests::keep(const AccessRecord& record, const SpanList& spans, Instant began, Instant at) {
  if (is_new_) copy(record, spans, began, at, newest_.next(at));
  if (has_failed_) copy(record, spans, began, at, failed_.next(at));
  if (!is_slow_) return;
  RecentRequest slow;
  copy(record, spans, began, at, slow);
  slowest_.add(std::move(slow));
}

void RecentRequests::tell(Told& to, Instant at) const {
  to.newest.insert(to.newest.end(), newest_.all().begin(), newest_.all().end());
  to.failed.insert(to.failed.end(), failed_.all().begin(), failed_.all().end());
  slowest_.for_each(at, [&to](const RecentRequest& one) { to.slowest.push_back(one); });
}

void RecentRequests::Told::sort_and_cut(std::size_t most) {
  std::ranges::sort(newest, std::ranges::greater(), &RecentRequest::ended);
  std::ranges::sort(failed, std::ranges::greater(), &RecentRequest::ended);
  std::ranges::sort(slowest, std::ranges::greater(), &RecentRequest::duration);
  for (auto* list : {&newest, &failed, &slowest}) list->resize(std::min(list->size(), most));
}

void write_requests(JsonWriter& json, const std::vector<RecentRequest>& requests) {
  json.begin_array();
  for (const RecentRequest& request : requests) write_request(json, request);
  json.end_array();
}

}  // namespace tandem::gateway
