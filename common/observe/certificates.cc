#include "common/observe/certificates.h"

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

}  // namespace tandem::observe
