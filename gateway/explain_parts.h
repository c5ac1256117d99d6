// What `gateway explain` says of the parts of an aggregate: in which order they run and what each asks for.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json_writer.h"
#include "gateway/config.h"
#include "gateway/routing/template.h"

namespace tandem::gateway {

struct ExplainedPart {
  std::string name;
  std::string upstream;
  std::string request_line;        // references stand in it as they are written
  std::string error;               // why there is none
  std::vector<std::string> after;  // the parts that it waits for
  std::string each;                // what it goes through, and how; empty: it is one call
  std::string place;               // where it goes in the answer
  std::vector<std::string> more;   // what else is said of it
};

// The parts of a route in their order. `values`: of the request that is asked about.
std::vector<ExplainedPart> explain_parts(const RouteConfig& route, const routing::MatchPattern& pattern,
                                         const routing::TemplateValues& values);

// The lines of one, without a label.
std::vector<std::string> part_lines(const ExplainedPart& part);
void write_parts(JsonWriter& json, const std::vector<ExplainedPart>& parts);

}  // namespace tandem::gateway
