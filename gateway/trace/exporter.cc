#include "gateway/trace/exporter.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "common/async/sleep.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/json/parse.h"
#include "gateway/helper/fetch.h"
#include "gateway/trace/otlp.h"

namespace tandem::gateway {
namespace {

using namespace std::chrono_literals;
constexpr Duration kLastTries = 2s;
constexpr Duration kLongestPause = 20s;
constexpr Duration kOldest = 60s;  // of a piece that is tried again
constexpr std::size_t kMostAnswer = 64 * 1024;

// `partialSuccess.rejectedSpans`, a number or its text.
std::uint64_t rejected_spans(const std::string& body) {
  const auto json = json::parse(body);
  const json::Value* partial = json ? json->find("partialSuccess") : nullptr;
  const json::Value* spans = partial ? partial->find("rejectedSpans") : nullptr;
  const std::string* text = spans ? spans->text() : nullptr;
  if (!text) return 0;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  return error == std::errc() && end == text->data() + text->size() ? count : 0;
}

}  // namespace

SpanExporter::SpanExporter(SpanQueue& queue)
    : queue_(queue),
      instance_(new_connection_id()),
      exported_(spans_counter("exported")),
      failed_(spans_counter("failed")),
      rejected_(spans_counter("rejected")) {}

void SpanExporter::follow(const std::optional<TraceConfig>& config, std::vector<IpEndpoint> resolvers) {
  resolvers_ = std::move(resolvers);
  on_ = config.has_value();
  queue_.limit(config ? config->queue : 0);
  if (!config) return;
  config_ = config;
  if (tasks_.size() > 0) return;
  queue_.start(net::Reactor::current());
  tasks_.spawn(run());
}

async::Task<void> SpanExporter::pause(Instant until) {
  while (!stopping_ && now() < until) {
    if (!co_await queue_.woken().wait(until)) co_return;
  }
}

async::Task<void> SpanExporter::run() {
  while (true) {
    if (!stopping_ && queue_.held() == 0) (void)co_await queue_.woken().wait();
    if (!stopping_) (void)co_await queue_.woken().wait(deadline_after(now(), config_->interval));
    for (SpanChunk& chunk : queue_.sweep()) co_await send(std::move(chunk));
    if (stopping_) co_return;
  }
}

async::Task<void> SpanExporter::send(SpanChunk chunk) {
  const Instant given_up = deadline_after(now(), kOldest);
  Duration next = 500ms;
  while (true) {
    const Sent sent = co_await post(chunk);
    note(sent);
    if (sent.outcome == Outcome::done) {
      exported_.add(chunk.spans);
      break;
    }
    next = std::min<Duration>(2 * next, kLongestPause);
    const Instant again = deadline_after(now(), std::clamp<Duration>(sent.wait.value_or(next), next, kOldest));
    if (sent.outcome == Outcome::refused || again > given_up || again > stop_at_) {
      failed_.add(chunk.spans);
      break;
    }
    co_await pause(again);
  }
  queue_.give_back(chunk.spans);
}

async::Task<SpanExporter::Sent> SpanExporter::post(const SpanChunk& chunk) {
  const TraceConfig config = *config_;
  std::string body = otlp_begin(config.service, instance_);
  body.append(std::string_view(chunk.text).substr(1)).append(otlp_end());
  FetchOptions options;
  options.tls = config.trust.context;
  options.resolvers = resolvers_;
  options.most_bytes = kMostAnswer;
  options.deadline = std::min(deadline_after(now(), config.timeout), std::max(stop_at_, now()));
  async::CancelScope limit(tasks_.scope());  // looking up names knows no deadline
  limit.set_deadline(options.deadline, Origin::upstream, "upstream_timeout");
  sending_ = &limit;
  auto answer = co_await async::within(limit, post_json(*config.endpoint, config.headers, std::move(body), options));
  sending_ = nullptr;
  if (!answer) co_return Sent{Outcome::again, std::move(answer.error())};
  co_return judge(answer->status, answer->body, answer->retry_after);
}

// OTLP §"Failures": which answers mean that the same request may be sent again.
SpanExporter::Sent SpanExporter::judge(int status, const std::string& body, std::optional<Duration> wait) {
  if (status >= 200 && status < 300) {
    if (const std::uint64_t spans = rejected_spans(body); spans > 0) {
      rejected_.add(spans);
      return {Outcome::done, fmt::format("it has rejected {} spans", spans)};
    }
    return {};
  }
  const bool again = status == 429 || status == 502 || status == 503 || status == 504;
  return {again ? Outcome::again : Outcome::refused, fmt::format("status {}", status), wait};
}

// Each change is said once.
void SpanExporter::note(const Sent& sent) {
  const bool was_good = error_.empty();
  error_ = sent.why;
  if (was_good && !error_.empty()) {
    log_warn("traces: {}: {}; spans wait, and what is beyond the queue is dropped", config_->endpoint->to_string(),
             error_);
  } else if (!was_good && error_.empty()) {
    log_info("traces: {}: spans are taken again", config_->endpoint->to_string());
  }
}

async::Task<void> SpanExporter::stop() {
  stopping_ = true;
  stop_at_ = deadline_after(now(), kLastTries);
  if (sending_) sending_->set_deadline(stop_at_, Origin::upstream, "upstream_timeout");
  queue_.woken().set();
  co_await tasks_.until_empty();
}

void SpanExporter::write_status(JsonWriter& json) const {
  if (!on_) {
    json.null();
    return;
  }
  json.begin_object().member("endpoint", config_->endpoint->to_string()).member("waiting", queue_.held());
  json.member("exported", exported_.value()).member("dropped", queue_.dropped() + failed_.value());
  json.member_or_null("error", error_);
  json.end_object();
}

}  // namespace tandem::gateway
