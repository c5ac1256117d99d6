#include "common/observe/metrics_text.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "common/base/json_writer.h"
#include "common/observe/process_metrics.h"

namespace tandem::observe {
namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kBatch = 32;  // members that are read at a time

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

// Threads count on while this reads: the count is what the buckets add up to.
void append_histogram(std::string& out, std::string_view name, const Labels& labels,
                      std::span<const std::uint64_t> buckets, std::uint64_t sum) {
  static const std::vector<std::string> bounds = [] {
    std::vector<std::string> texts;
    for (const Duration bound : Histogram::bounds()) texts.push_back(fmt::format("{}", to_seconds(bound)));
    texts.emplace_back("+Inf");
    return texts;
  }();
  std::uint64_t count = 0;
  const auto line = [&](std::string_view suffix, std::string_view bound) {
    append_name(out, name, suffix, labels, bound);
    append_number(out, count);
    out += '\n';
  };
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    count += buckets[i];
    line("_bucket", bounds[i]);
  }
  append_name(out, name, "_sum", labels);
  append_value(out, static_cast<double>(sum) / 1e9);
  out += '\n';
  line("_count", {});
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

MetricsText Metrics::scrape() const {
  MetricSamples all;
  collect_process_metrics(all);
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, collector] : collectors_) collector(all);
  return MetricsText(std::move(all));
}

std::string Metrics::render() const {
  MetricsText text = scrape();
  std::string out;
  while (text.next(out)) {
  }
  return out;
}

MetricsText::MetricsText(MetricSamples collected) : collected_(std::move(collected)) {
  for (const auto& [name, family] : collected_.families_) families_[name] = {family.help, family.kind, false};
  for (const Counters::Family& family : Counters::families()) {
    families_[family.name] = {family.help, family.is_histogram ? "histogram" : "counter", true};
  }
}

bool MetricsText::next(std::string& out) {
  const std::size_t full = out.size() + kPiece;
  while (!families_.empty() && out.size() < full) {
    const auto& [name, family] = *families_.begin();
    if (!std::exchange(begun_, true)) {
      out.append("# HELP ").append(name).append(" ");
      append_escaped(out, family.help, false);
      out.append("\n# TYPE ").append(name).append(" ").append(family.kind).append("\n");
      const auto collected = collected_.families_.find(name);
      if (collected != collected_.families_.end()) out += collected->second.samples;
    }
    if (family.counted && append_members(out, name, family.kind == "histogram")) continue;
    families_.erase(families_.begin());
    member_ = 0;
    begun_ = false;
  }
  return !families_.empty();
}

// False where there were no more.
bool MetricsText::append_members(std::string& out, const std::string& name, bool histograms) {
  const auto members = Counters::members(name, member_, kBatch);
  member_ += members.size();
  if (!histograms) {
    std::vector<Counter> counters;
    for (const auto& member : members) counters.push_back(member.counter);
    std::vector<std::uint64_t> values(members.size());
    Counters::read(counters, values);
    for (std::size_t i = 0; i < members.size(); ++i) {
      append_sample(out, name, members[i].labels, static_cast<double>(values[i]));
    }
    return members.size() == kBatch;
  }
  std::vector<Histogram> all;
  for (const auto& member : members) all.push_back(member.histogram);
  const std::size_t buckets = Histogram::buckets();
  std::vector<std::uint64_t> counts(members.size() * buckets), sums(members.size());
  Counters::read_buckets(all, counts);
  Counters::read_sums(all, sums);
  for (std::size_t i = 0; i < members.size(); ++i) {
    append_histogram(out, name, members[i].labels, std::span(counts).subspan(i * buckets, buckets), sums[i]);
  }
  return members.size() == kBatch;
}

}  // namespace tandem::observe
