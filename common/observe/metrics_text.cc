#include "common/observe/metrics_text.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "common/observe/process_metrics.h"

namespace tandem::observe {
namespace {

void append_value(std::string& out, double value) {
  if (std::isnan(value))
    out += "NaN";
  else if (std::isinf(value))
    out += value > 0 ? "+Inf" : "-Inf";
  else
    fmt::format_to(std::back_inserter(out), "{}", value);
}

// Label values escape backslash, quote and newline; help texts all but the quote.
void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && in_quotes)
      out += "\\\"";
    else
      out += c;
  }
}

void append_name(std::string& out, std::string_view name, std::string_view suffix, const Labels& labels,
                 std::string_view bound = {}) {
  out.append(name).append(suffix);
  char before = '{';
  const auto label = [&](std::string_view key, std::string_view value) {
    out.append(1, std::exchange(before, ',')).append(key).append("=\"");
    append_escaped(out, value, true);
    out += '"';
  };
  for (const auto& [key, value] : labels) label(key, value);
  if (!bound.empty()) label("le", bound);
  if (before == ',') out += '}';
  out += ' ';
}

void append_sample(std::string& out, std::string_view name, const Labels& labels, double value) {
  append_name(out, name, "", labels);
  append_value(out, value);
  out += '\n';
}

// Threads count on while this reads: +Inf and the count are the same number, and never below the last bucket.
void append_histogram(std::string& out, std::string_view name, const Labels& labels, const Histogram& histogram) {
  const auto buckets = histogram.bucket_counts();
  const auto bounds = Histogram::bounds();
  const auto line = [&](std::string_view suffix, std::string_view bound, std::uint64_t value) {
    append_name(out, name, suffix, labels, bound);
    fmt::format_to(std::back_inserter(out), "{}\n", value);
  };
  for (std::size_t i = 0; i < bounds.size(); ++i) line("_bucket", fmt::format("{}", to_seconds(bounds[i])), buckets[i]);
  const std::uint64_t count = std::max(histogram.count(), buckets.back());
  line("_bucket", "+Inf", count);
  append_name(out, name, "_sum", labels);
  append_value(out, histogram.sum_seconds());
  out += '\n';
  line("_count", "", count);
}

}  // namespace

MetricSamples::Family& MetricSamples::family(std::string_view name, std::string_view help, std::string_view kind) {
  const auto found = families_.find(name);
  if (found != families_.end()) return found->second;
  return families_.emplace(name, Family{std::string(help), kind, {}}).first->second;
}

void MetricSamples::gauge(std::string_view name, std::string_view help, const Labels& labels, double value) {
  append_sample(family(name, help, "gauge").samples, name, labels, value);
}

void MetricSamples::counter(std::string_view name, std::string_view help, const Labels& labels, double value) {
  append_sample(family(name, help, "counter").samples, name, labels, value);
}

Registration Metrics::add(Collector collector) {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t id = next_++;
  collectors_.emplace(id, std::move(collector));
  return Registration([this, id] {
    const std::scoped_lock end(mutex_);
    collectors_.erase(id);
  });
}

std::string Metrics::render() const {
  MetricSamples all;
  Counters::visit([&all](const Counters::Family& counted) {
    auto& family = all.family(counted.name, counted.help, counted.is_histogram ? "histogram" : "counter");
    for (const auto& member : counted.members) {
      if (counted.is_histogram)
        append_histogram(family.samples, counted.name, member.labels, member.histogram);
      else
        append_sample(family.samples, counted.name, member.labels, static_cast<double>(member.counter.value()));
    }
  });
  collect_process_metrics(all);
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, collector] : collectors_) collector(all);
  }
  std::string out;
  for (const auto& [name, family] : all.families_) {
    out.append("# HELP ").append(name).append(" ");
    append_escaped(out, family.help, false);
    out.append("\n# TYPE ").append(name).append(" ").append(family.kind).append("\n").append(family.samples);
  }
  return out;
}

}  // namespace tandem::observe
