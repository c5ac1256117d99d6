#include "gateway/explain_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/config/quantity.h"
#include "gateway/handlers/aggregate/plan.h"

namespace tandem::gateway {
namespace {

std::string each_text(const PartConfig& part, const PartPlan& plan) {
  if (!plan.each) return {};
  if (!plan.is_many()) {
    return fmt::format("one call for all distinct {}, at most {}{}", part.each.text, part.max_elements,
                       plan.each->by ? ", told apart by " + part.by.text : std::string());
  }
  return fmt::format("a call for each distinct {}, {} at a time, at most {}", part.each.text, part.parallel,
                     part.max_elements);
}

std::vector<std::string> more_of(const PartConfig& part) {
  std::vector<std::string> more;
  if (part.required) more.emplace_back("required");
  if (part.timeout) more.push_back("timeout " + config::format_duration(*part.timeout));
  if (part.fallback) more.emplace_back("has a fallback");
  if (!part.cache.cache.empty()) more.push_back("cache " + part.cache.cache);
  return more;
}

}  // namespace

std::vector<ExplainedPart> explain_parts(const RouteConfig& route, const routing::MatchPattern& pattern,
                                         const routing::TemplateValues& values) {
  std::vector<ExplainedPart> parts;
  const AggregatePlan plan = make_plan(route, pattern, [](const PlanMistake&) {});
  for (std::size_t i = 0; i < route.parts.size(); ++i) {
    const PartConfig& part = route.parts[i];
    const PartPlan& compiled = plan.parts[i];
    ExplainedPart& made = parts.emplace_back();
    made.name = part.name;
    made.upstream = part.upstream;
    std::vector<std::string> references;
    for (const auto& reference : compiled.target.references()) references.push_back('{' + reference.text + '}');
    routing::TemplateValues drawn = values;
    drawn.references = references;
    std::string line;
    if (auto written = compiled.target.append_to(line, drawn); written) {
      made.request_line = fmt::format("{} {} HTTP/1.1", http::method_text(part.method), line);
    } else {
      made.error = written.error().detail;
    }
    for (const std::size_t need : compiled.needs) made.after.push_back(route.parts[need].name);
    made.each = each_text(part, compiled);
    made.place = compiled.put.empty() ? "merged at the root" : "put at " + json::to_text(compiled.put);
    made.more = more_of(part);
  }
  return parts;
}

std::vector<std::string> part_lines(const ExplainedPart& part) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format(
      "{}: {}", part.name, part.after.empty() ? "at once" : fmt::format("after {}", fmt::join(part.after, " and "))));
  if (!part.each.empty()) lines.push_back("  " + part.each);
  lines.push_back(part.error.empty() ? fmt::format("  {}: {}", part.upstream, part.request_line)
                                     : fmt::format("  refused: {}", part.error));
  lines.push_back("  " + part.place);
  if (!part.more.empty()) lines.push_back(fmt::format("  {}", fmt::join(part.more, ", ")));
  return lines;
}

void write_parts(JsonWriter& json, const std::vector<ExplainedPart>& parts) {
  const auto texts = [&json](std::string_view key, const std::vector<std::string>& all) {
    json.key(key).begin_array();
    for (const std::string& one : all) json.value(one);
    json.end_array();
  };
  json.key("parts").begin_array();
  for (const ExplainedPart& part : parts) {
    json.begin_object().member("name", part.name).member("upstream", part.upstream);
    part.error.empty() ? json.member("request_line", part.request_line) : json.member("refused", part.error);
    texts("after", part.after);
    if (!part.each.empty()) json.member("each", part.each);
    json.member("place", part.place);
    texts("more", part.more);
    json.end_object();
  }
  json.end_array();
}

}  // namespace tandem::gateway
