#include "common/observe/banner.h"

#include <fmt/format.h>

namespace tandem::observe {
namespace {
constexpr std::size_t kNamedUpstreams = 8;
}

std::vector<std::string> bound_banner(std::string_view program, std::string_view version, std::string_view file,
                                      const std::vector<BoundListener>& listeners, const std::optional<Address>& admin,
                                      bool on_terminal) {
  std::vector<std::string> lines;
  lines.push_back(file.empty() ? fmt::format("{} {}", program, version)
                               : fmt::format("{} {}, {}", program, version, file));
  const bool share = on_terminal && listeners.size() > 2;
  for (const BoundListener& listener : listeners) {
    const std::string address = listener.address.to_string();
    const std::string what = listener.name == address ? address : fmt::format("{} {}", listener.name, address);
    if (share && lines.size() > 1)
      lines.back().append(", ").append(what);
    else
      lines.push_back("listening " + what);
  }
  if (admin) lines.push_back("admin " + admin->to_string());
  return lines;
}

std::vector<std::string> ready_banner(const std::vector<UpstreamSummary>& upstreams) {
  std::vector<std::string> lines;
  std::string all;
  for (std::size_t i = 0; i < upstreams.size() && i < kNamedUpstreams; ++i) {
    const auto& upstream = upstreams[i];
    all += fmt::format("{}{} {}/{} up", i ? ", " : "", upstream.name, upstream.up, upstream.servers);
  }
  if (upstreams.size() > kNamedUpstreams) all += fmt::format(", and {} more", upstreams.size() - kNamedUpstreams);
  if (!all.empty()) lines.push_back("upstreams: " + all);
  lines.emplace_back("ready");
  return lines;
}

}  // namespace tandem::observe
