#include "gateway/explain_admin.h"

#include <algorithm>
#include <expected>

#include "common/observe/admin_path.h"
#include "gateway/explain_command.h"

namespace tandem::gateway {
namespace {

constexpr std::size_t kMostRivals = 12;  // in the text

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

std::expected<ExplainQuestion, std::string> question_of(std::string_view query) {
  const auto url = observe::admin_query_value(query, "url");
  if (!url || url->empty()) return std::unexpected("say which request: ?url=URL&method=GET, percent-encoded");
  auto headers = observe::admin_query_values(query, "header");
  if (!headers) return std::unexpected("header: badly percent-encoded");
  ExplainQuestion question{
      observe::admin_query_value(query, "method").value_or("GET"), *url, *std::move(headers), {}, {}};
  if (has_control(question.method) || has_control(question.url)) return std::unexpected("a control character");
  if (const auto claims = observe::admin_query_value(query, "claims").value_or(""); !claims.empty()) {
    auto parsed = parse_claims(claims);
    if (!parsed) return std::unexpected("claims: " + parsed.error());
    question.claims = *std::move(parsed);
  }
  if (const auto from = observe::admin_query_value(query, "from").value_or(""); !from.empty()) {
    question.from = IpAddress::parse(from);
    if (!question.from) return std::unexpected("from: that is no address");
  }
  return question;
}

}  // namespace

observe::AdminResponse explain_for(const GatewayConfig& config, const observe::AdminRequest& request) {
  const auto question = question_of(request.query);
  if (!question) return observe::admin_problem(400, "bad_request", question.error());
  std::string error;
  const auto found = explain(config, *question, error);
  if (!found) return observe::admin_problem(400, "bad_request", error);
  if (observe::admin_query_value(request.query, "as") == "text") {
    return {.body = explanation_text(config, *question, *found, kMostRivals)};
  }
  return {.content_type = "application/json", .body = explanation_json(config, *question, *found)};
}

}  // namespace tandem::gateway
