#include "gateway/routing/redirect.h"

#include <algorithm>
#include <cassert>

namespace tandem::routing {
namespace {

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(".-_:[]").contains(c);
}

}  // namespace

Parsed<Redirect> Redirect::parse(std::string_view to, const MatchPattern& pattern) {
  Redirect redirect;
  std::size_t at = 0;
  if (to.starts_with("//")) return wrong(0, "\"//\" would lead to another host; write the scheme or one \"/\"");
  if (!to.starts_with('/') && !to.starts_with("{path}")) {
    const std::size_t colon = to.find("://");
    const std::string_view scheme = to.substr(0, colon);
    if (colon == std::string_view::npos || (scheme != "http" && scheme != "https" && scheme != "{scheme}")) {
      return wrong(0, "begins with \"http://\", \"https://\", \"{scheme}://\" or \"/\"");
    }
    if (scheme != "{scheme}") redirect.scheme_ = scheme;
    redirect.authority_.emplace_back();
    const std::size_t begin = at = colon + 3;
    while (at < to.size() && to[at] != '/' && !to.substr(at).starts_with("{path}")) {
      if (to.substr(at).starts_with("{host}")) {
        if (pattern.param_index("host")) return wrong(at, "a parameter must not choose the host; rename {host}");
        redirect.authority_.emplace_back();
        at += 6;
      } else if (is_host_char(to[at])) {
        redirect.authority_.back() += to[at++];
      } else {
        return wrong(at, to[at] == '{'   ? "in the host only {host} may stand: a client must not choose it"
                         : to[at] == '?' ? "a path stands before the query: write \"/?\""
                                         : "this character is no part of a host");
      }
    }
    if (at == begin) return wrong(at, "a host is missing");
  }
  Parsed<Template> target =
      Template::parse(at == to.size() ? "/" : to.substr(at), pattern, Template::Names::params_and_request);
  if (!target) return wrong(at + target.error().offset, std::move(target.error().text));
  redirect.target_ = std::move(*target);
  return redirect;
}

Redirect Redirect::to_https(std::uint16_t port) {
  const std::string authority = port == 443 ? "{host}" : "{host}:" + std::to_string(port);
  Parsed<Redirect> redirect = parse("https://" + authority + "{path}?{query}", {});
  assert(redirect);
  return *std::move(redirect);
}

Result<> Redirect::append_to(std::string& out, const TemplateValues& values) const {
  const std::size_t begin = out.size();
  if (!authority_.empty()) {
    out += scheme_.empty() ? values.scheme : std::string_view(scheme_);
    out += "://";
    out += authority_.front();
    for (std::size_t i = 1; i < authority_.size(); ++i) {
      if (values.host.empty() || !std::ranges::all_of(values.host, is_host_char)) {
        out.resize(begin);
        return fail(Origin::client, "bad_request", "the redirect needs the request's host");
      }
      out += values.host;
      out += authority_[i];
    }
  }
  Result<> rendered = target_.append_to(out, values);
  if (!rendered) out.resize(begin);
  return rendered;
}

}  // namespace tandem::routing
