#include "gateway/filters/request_facts.h"

#include <fmt/format.h>

#include "gateway/routing/template.h"

namespace tandem::gateway {

RequestFacts::RequestFacts(const http::RequestHead& request, std::span<const std::string_view> params,
                           std::optional<IpAddress> ip, const Identity* identity)
    : CallerFacts(identity), request_(request), params_(params), ip_(ip) {
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (params[i].contains('%')) decoded_[i] = routing::decode(params[i], routing::Place::path);
  }
}

std::optional<std::string_view> RequestFacts::param(std::size_t index) const {
  if (index >= params_.size()) return std::nullopt;
  return decoded_[index].empty() ? params_[index] : std::string_view(decoded_[index]);
}

std::optional<std::string_view> RequestFacts::header(std::string_view name) const {
  const http::Field* field = request_.fields.find(name);
  if (!field || request_.fields.count(name) != 1) return std::nullopt;
  return field->value;
}

std::string to_text(std::span<const policy::Reason> reasons) {
  std::string text;
  for (const policy::Reason& reason : reasons) {
    text += fmt::format("{}`{}` is {}", text.empty() ? "" : "; ", reason.text, policy::name_of(reason.truth));
    if (!reason.missing.empty() && reason.missing != reason.text) {
      text += fmt::format(" ({} is missing or of another kind)", reason.missing);
    }
  }
  return text;
}

}  // namespace tandem::gateway
