#include "common/observe/certificates.h"

#include <chrono>
#include <map>
#include <utility>

#include "common/net/tls_certificate.h"

namespace tandem::observe {
namespace {

struct Life {
  const ShownCertificate* shown;
  net::Validity validity;
};

Life life_of(const ShownCertificate& shown) {
  Life life{&shown, net::validity_of(shown.identity->chain.front())};
  for (const net::CertificatePtr& link : shown.identity->chain) {
    const net::Validity of_link = net::validity_of(link);
    life.validity.from = std::max(life.validity.from, of_link.from);
    life.validity.until = std::min(life.validity.until, of_link.until);
  }
  return life;
}

}  // namespace

void write_certificates(JsonWriter& json, const std::vector<ShownCertificate>& certificates) {
  std::vector<Life> all;
  for (const ShownCertificate& one : certificates) all.push_back(life_of(one));
  std::ranges::sort(all, {}, [](const Life& life) { return life.validity.until; });
  const WallTime now = wall_now();
  json.begin_array();
  for (const auto& [shown, validity] : all) {
    json.begin_object().member("listener", shown->listener).key("names").begin_array();
    for (const std::string& name : net::names_of(shown->identity->chain.front())) json.value(name);
    json.end_array().member("not_before", to_rfc3339(validity.from)).member("not_after", to_rfc3339(validity.until));
    json.member("expires_in_s", std::chrono::duration_cast<std::chrono::seconds>(validity.until - now).count());
    json.key("problem");
    const auto problem = net::validity_problem(shown->identity->chain.front());
    problem ? json.value(*problem) : json.null();
    json.end_object();
  }
  json.end_array();
}

void collect_certificates(MetricSamples& samples, std::string_view program,
                          const std::vector<ShownCertificate>& certificates) {
  std::map<std::pair<std::string, std::string>, WallTime> ends;
  for (const ShownCertificate& one : certificates) {
    const std::vector<std::string> names = net::names_of(one.identity->chain.front());
    const WallTime until = life_of(one).validity.until;
    const auto [known, is_new] =
        ends.try_emplace({std::string(one.listener), names.empty() ? "" : names.front()}, until);
    if (!is_new) known->second = std::min(known->second, until);
  }
  for (const auto& [name, until] : ends) {
    samples.gauge(std::string(program) + "_certificate_expiry_timestamp_seconds",
                  "When a listener's certificate, or the first of its chain, expires.",
                  {{"listener", name.first}, {"certificate", name.second}},
                  std::chrono::duration<double>(until.time_since_epoch()).count());
  }
}

}  // namespace tandem::observe
