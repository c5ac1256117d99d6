// `gateway explain`: what would become of a request, and why every other route was not chosen. Reads the configuration
// only; nothing is listened on, nobody is asked.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config.h"
#include "gateway/explain_parts.h"
#include "gateway/explain_verdict.h"

namespace tandem::gateway {

struct ExplainQuestion {
  std::string method;
  std::string url;                         // "http://host[:port]/path?query", or a path with a Host among the headers
  std::vector<std::string> headers;        // "Name: value"
  std::optional<json::Value> claims = {};  // of who calls; nothing: nobody is judged
  std::optional<IpAddress> from = {};      // the client's address
};

// Where a request goes, as it stands in the service's eyes.
struct ExplainedTarget {
  std::string upstream;
  std::uint32_t weight = 1;
  std::string request_line;  // or why there is none: see `error`
  std::string host;
  std::string error;
};

struct ExplainedRival {
  std::size_t route = 0;  // index into config.routes
  std::string what;       // the first thing that kept it from being chosen: host, port, path, method, when, specificity
  std::string why;
};

struct Explanation {
  const ListenerConfig* listener = nullptr;
  bool listener_guessed = false;  // no listener has the URL's port
  std::string host;
  std::string path;  // normalised

  int status = 0;  // of the gateway's own answer; 0: a service answers
  std::string reason;
  std::string detail;
  std::string allow;

  std::optional<std::size_t> route;  // index into config.routes
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<ExplainedTarget> targets;
  std::vector<ExplainedPart> parts;  // of an aggregate
  std::optional<ExplainedTarget> mirror;
  std::string location;   // of a redirect
  std::string cache_key;  // the URL by which its answer is stored and purged; empty: the route or method has no cache
  std::optional<ExplainedVerdict> verdict;  // where claims were given

  std::vector<ExplainedRival> rivals;  // the nearest first
};

// Nothing, with `error` said, when the question itself makes no sense: a URL that is none, a header without a colon.
std::optional<Explanation> explain(const GatewayConfig& config, const ExplainQuestion& question, std::string& error);

// For a person: at most `most_rivals` of them. And the same as one JSON object, with all of them.
std::string explanation_text(const GatewayConfig& config, const ExplainQuestion& question,
                             const Explanation& explanation, std::size_t most_rivals);
std::string explanation_json(const GatewayConfig& config, const ExplainQuestion& question,
                             const Explanation& explanation);

}  // namespace tandem::gateway
