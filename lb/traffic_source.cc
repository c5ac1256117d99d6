#include "lb/traffic_source.h"

namespace tandem::lb {
namespace {

using namespace std::chrono_literals;
using observe::label_value;

constexpr Duration kSpan = 3s;
}  // namespace

TrafficSource::TrafficSource(Lasting& lasting)
    : lasting_(lasting),
      connections_(
          "lb_connections_total", [](const Labels& labels) { return std::string(label_value(labels, "listener")); }, 3,
          [](const Labels& labels) { return static_cast<std::size_t>(kind_of_end(label_value(labels, "result"))); }),
      bytes_("lb_bytes_total", [](const Labels& labels) { return std::string(label_value(labels, "direction")); }),
      responses_("lb_response_seconds", [](const Labels&) { return std::string(); }),
      ended_(kSpan, now()) {}

observe::Totals TrafficSource::sample(Instant at) {
  connections_.read();
  bytes_.read();
  responses_.read();
  ended_.look(at, connections_.values());
  observe::Totals totals;
  totals.active = lasting_.limits.process().open();
  totals.errors = connections_.total(static_cast<std::size_t>(EndKind::error));
  totals.refused = connections_.total(static_cast<std::size_t>(EndKind::refused));
  totals.handled = connections_.total(static_cast<std::size_t>(EndKind::good)) + totals.errors + totals.refused;
  totals.handled += totals.active;
  const auto bytes = [this](std::string_view direction) {
    const auto group = bytes_.group(direction);
    return group ? bytes_.values()[*group] : 0;
  };
  totals.bytes_in = bytes("in");
  totals.bytes_out = bytes("out");
  totals.buckets = responses_.total();
  return totals;
}

void TrafficSource::write(JsonWriter& json) const {
  json.key("listeners").begin_array();
  for (std::size_t group = 0; group < connections_.groups(); ++group) {
    const auto rate = [&](EndKind kind) { return ended_.per_second(group * 3 + static_cast<std::size_t>(kind)); };
    const double errors = rate(EndKind::error);
    const double refused = rate(EndKind::refused);
    json.begin_object().member("name", connections_.name(group));
    json.member("rate", rate(EndKind::good) + errors + refused).member("errors", errors);
    json.member("refused", refused).end_object();
  }
  json.end_array();
}

}  // namespace tandem::lb
