#include "gateway/error_page.h"

#include <algorithm>
#include <array>

#include "common/base/escape.h"
#include "common/http/negotiate.h"
#include "common/http/status.h"

namespace tandem::gateway {
namespace {

struct Type {
  std::string_view ending;
  std::string_view content_type;
  enum class Escape : std::uint8_t { markup, json, none } escape;
};

constexpr std::array kTypes = {
    Type{".html", "text/html; charset=utf-8", Type::Escape::markup},
    Type{".htm", "text/html; charset=utf-8", Type::Escape::markup},
    Type{".xml", "application/xml", Type::Escape::markup},
    Type{".json", "application/json", Type::Escape::json},
    Type{".txt", "text/plain; charset=utf-8", Type::Escape::none},
};

const Type* find_type(std::string_view path) {
  const auto found = std::ranges::find_if(kTypes, [&](const Type& type) { return path.ends_with(type.ending); });
  return found == kTypes.end() ? nullptr : &*found;
}

std::string escaped(std::string_view text, Type::Escape how) {
  if (how == Type::Escape::markup) return http::escape_html(text);
  std::string out;
  if (how == Type::Escape::none) {
    append_printable(out, text);
    return out;
  }
  append_json_string(out, text);
  return out.substr(1, out.size() - 2);  // the file has the quotes
}

const ErrorPage* find_page(std::span<const ErrorPage> pages, int status) {
  const std::string own = std::to_string(status), family = own.substr(0, 1) + "xx";
  for (const std::string& wanted : {own, family}) {
    const auto found = std::ranges::find(pages, wanted, &ErrorPage::status);
    if (found != pages.end()) return &*found;
  }
  return nullptr;
}

std::size_t liked_most(const ErrorPage& page, std::string_view accept) {
  std::size_t best = 0;
  int weight = 0;
  for (std::size_t i = 0; i < page.paths.size(); ++i) {
    const std::string_view type = page_type(page.paths[i]);
    const int liked = http::media_weight(accept, type.substr(0, type.find(';')));
    if (liked > weight) best = i, weight = liked;
  }
  return best;
}

std::string fill_in(std::string_view content, const http::Problem& problem, Type::Escape how) {
  const std::string status = std::to_string(problem.status);
  const std::array<std::pair<std::string_view, std::string_view>, 5> values = {{
      {"{status}", status},
      {"{title}", http::reason_phrase(problem.status)},
      {"{detail}", problem.detail},
      {"{reason}", problem.reason},
      {"{instance}", problem.instance},
  }};
  std::string out;
  for (std::size_t at = 0; at < content.size();) {
    const std::size_t brace = std::min(content.find('{', at), content.size());
    out += content.substr(at, brace - at);
    at = brace;
    const auto value =
        std::ranges::find_if(values, [&](const auto& v) { return content.substr(at).starts_with(v.first); });
    if (value != values.end()) {
      out += escaped(value->second, how);
      at += value->first.size();
    } else if (at < content.size()) {
      out += content[at++];
    }
  }
  return out;
}

}  // namespace

std::string_view page_type(std::string_view path) {
  const Type* type = find_type(path);
  return type ? type->content_type : std::string_view();
}

std::optional<RenderedPage> render_page(std::span<const ErrorPage> pages, const http::Problem& problem,
                                        std::string_view accept) {
  const ErrorPage* page = find_page(pages, problem.status);
  if (!page) return std::nullopt;
  const std::size_t index = liked_most(*page, accept);
  const Type* type = find_type(page->paths[index]);
  return RenderedPage{type->content_type, fill_in(page->contents[index], problem, type->escape)};
}

}  // namespace tandem::gateway
