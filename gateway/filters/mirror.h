// `mirror`: a copy of each request for another upstream, whose answer is read and thrown away. It never delays or fails
// the client's request: the copy leaves beside it, once its body (if any) has gone to the service whole, on the same
// worker. Not retried, not queued, not in the access log; counted in gateway_mirror_total.
#pragma once
#include <memory>

#include "common/balance/upstream.h"
#include "gateway/config.h"
#include "gateway/filters/filter.h"
#include "gateway/routing/template.h"

namespace tandem::gateway {

inline constexpr std::uint32_t kMostCopies = 256;                     // of a route at a time; beyond, none is made
inline constexpr std::uint64_t kMostMirrorAnswer = 16 * 1024 * 1024;  // bytes read of an answer before it is cut off

// What a copy on its way holds on to; a reload may end the generation that it came from.
struct MirrorTarget;

class Mirror final : public Filter {
 public:
  // `path`: of the request line; empty: the path as it came. `credentials`: where the route's callers show theirs; the
  // copy has none of them unless it is to.
  Mirror(const RouteConfig& route, const UpstreamConfig& config, std::shared_ptr<balance::Upstream> upstream,
         routing::Template path, std::vector<CredentialSource> credentials);
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  const std::shared_ptr<MirrorTarget> target_;
};

}  // namespace tandem::gateway
