#include "common/http/problem.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/escape.h"
#include "common/http/byte_class.h"
#include "common/http/negotiate.h"
#include "common/http/status.h"

namespace tandem::http {
namespace {

struct ReasonRow {
  std::string_view reason;
  int status;
  std::string_view sentence;
};

// Every reason that has a status of its own. Others follow their origin.
constexpr std::array kReasons = {
    ReasonRow{"bad_request", 400, "The request is malformed."},
    ReasonRow{"plain_http", 400, "Plain HTTP was spoken where TLS is expected."},
    ReasonRow{"unauthenticated", 401, "Credentials are missing or not accepted."},
    ReasonRow{"forbidden", 403, "The caller may not do this."},
    ReasonRow{"no_route", 404, "Nothing is served under this address."},
    ReasonRow{"method_not_allowed", 405, "The method is not offered here."},
    ReasonRow{"request_timeout", 408, "The request did not arrive in time."},
    ReasonRow{"body_too_large", 413, "The body is larger than allowed."},
    ReasonRow{"uri_too_long", 414, "The request target is too long."},
    ReasonRow{"expectation_failed", 417, "The expectation cannot be met."},
    ReasonRow{"misdirected", 421, "This connection does not serve that host."},
    ReasonRow{"rate_limited", 429, "There were too many requests."},
    ReasonRow{"concurrency_limited", 429, "There are too many requests of this caller at the same time."},
    ReasonRow{"headers_too_large", 431, "The header fields are too large."},
    ReasonRow{"not_implemented", 501, "The server does not know how to do this."},
    ReasonRow{"upstream_connect", 502, "The service could not be reached."},
    ReasonRow{"upstream_tls", 502, "The service could not be reached securely."},
    ReasonRow{"upstream_closed", 502, "The service ended the connection without an answer."},
    ReasonRow{"upstream_reset", 502, "The service broke the connection."},
    ReasonRow{"upstream_protocol", 502, "The service gave an answer that cannot be passed on."},
    ReasonRow{"part_failed", 502, "A part of the answer could not be obtained."},
    ReasonRow{"no_healthy_server", 503, "No server of the service is available."},
    ReasonRow{"server_full", 503, "Every server of the service has as much to do as it may have."},
    ReasonRow{"queue_timeout", 503, "No server of the service had room in time."},
    ReasonRow{"overloaded", 503, "There is too much to do at the moment."},
    ReasonRow{"breaker_open", 503, "The service has failed too often and is given a rest."},
    ReasonRow{"auth_unavailable", 503, "Credentials cannot be checked at the moment."},
    ReasonRow{"draining", 503, "The server is about to stop."},
    ReasonRow{"local_ports_exhausted", 503, "There is too much to do at the moment."},
    ReasonRow{"shutting_down", 503, "The server is about to stop."},
    ReasonRow{"upstream_connect_timeout", 504, "The service could not be reached in time."},
    ReasonRow{"not_cached", 504, "Nothing that is fresh enough is stored."},
    ReasonRow{"upstream_timeout", 504, "The service did not answer in time."},
    ReasonRow{"version_not_supported", 505, "The HTTP version is not supported."},
    ReasonRow{"loop", 508, "The request has come through here before."},
};

const ReasonRow* find_reason(std::string_view reason) {
  const auto found = std::ranges::find(kReasons, reason, &ReasonRow::reason);
  return found == kReasons.end() ? nullptr : &*found;
}

std::string_view sentence_of(std::string_view reason, int status) {
  if (const ReasonRow* row = find_reason(reason)) return row->sentence;
  return status < 500 ? "The request cannot be served." : "The request could not be served.";
}

std::string json_body(const Problem& p) {
  std::string out = R"({"type":"about:blank","title":)";
  append_json_string(out, reason_phrase(p.status));
  fmt::format_to(std::back_inserter(out), R"(,"status":{},"detail":)", p.status);
  append_json_string(out, p.detail);
  out += R"(,"instance":)";
  append_json_string(out, p.instance);
  out += R"(,"reason":)";
  append_json_string(out, p.reason);
  return out += "}\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f ? '?' : c;
    }
  }
  return out;
}

ProblemFormat problem_format(std::string_view accept) {
  int json = 0, text = 0, html = 0;
  bool any = false;
  for_each_element(accept, [&](std::string_view element) {
    any = true;
    const std::size_t end = std::min(element.find(';'), element.size());
    const std::string_view range = trim(element.substr(0, end));
    const int wanted = weight_of(element.substr(std::min(end + 1, element.size())));
    const auto is = [&](std::string_view name) { return equals_ignoring_case(range, name); };
    if (is("*/*") || is("application/*") || is("application/json") || is("application/problem+json")) {
      json = std::max(json, wanted);
    } else if (is("text/html") || is("application/xhtml+xml")) {
      html = std::max(html, wanted);
    } else if (is("text/plain") || is("text/*")) {
      text = std::max(text, wanted);
    }
  });
  if (!any || json > 0 || (text == 0 && html == 0)) return ProblemFormat::json;
  return html >= text ? ProblemFormat::html : ProblemFormat::text;
}

std::string_view content_type(ProblemFormat format) {
  switch (format) {
    case ProblemFormat::text: return "text/plain; charset=utf-8";
    case ProblemFormat::html: return "text/html; charset=utf-8";
    case ProblemFormat::json: break;
  }
  return "application/problem+json";
}

std::string problem_body(const Problem& p, ProblemFormat format) {
  const std::string_view title = reason_phrase(p.status);
  if (format == ProblemFormat::text) {
    return fmt::format("{} {}\n{}\nreason: {}\nrequest: {}\n", p.status, title, p.detail, p.reason, p.instance);
  }
  if (format == ProblemFormat::html) {
    return fmt::format(
        "<!doctype html>\n<title>{0} {1}</title>\n<h1>{0} {1}</h1>\n<p>{2}</p>\n"
        "<p><small>reason: {3}, request: {4}</small></p>\n",
        p.status, title, escape_html(p.detail), escape_html(p.reason), escape_html(p.instance));
  }
  return json_body(p);
}

int to_status(const Error& error) {
  if (const ReasonRow* row = find_reason(error.reason)) return row->status;
  switch (error.origin) {
    case Origin::client: return 400;
    case Origin::upstream: return 502;
    case Origin::internal: break;
  }
  return 500;
}

Problem to_problem(const Error& error, std::string_view instance) {
  const int status = to_status(error);
  const bool tell = error.origin == Origin::client && !error.detail.empty();
  return {status, std::string(error.reason), tell ? error.detail : std::string(sentence_of(error.reason, status)),
          std::string(instance)};
}

Problem to_problem(const HttpError& error, std::string_view instance) {
  const bool tell = error.status < 500 || error.status == 501 || error.status == 505;
  return {error.status, std::string(error.reason),
          std::string(tell && !error.detail.empty() ? error.detail : sentence_of(error.reason, error.status)),
          std::string(instance)};
}

}  // namespace tandem::http
