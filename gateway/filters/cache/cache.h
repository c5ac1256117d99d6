// `cache`: answers are stored and used again, as a shared cache does it (RFC 9111). Stands behind everything that may
// refuse a request, before what asks the service; around any handler. Many who ask for the same are one request to the
// service; what is stored is sent without asking anybody.
#pragma once
#include <memory>
#include <string>

#include "common/base/counters.h"
#include "gateway/cache/store.h"
#include "gateway/filters/cache/answer.h"
#include "gateway/filters/cache/request.h"
#include "gateway/filters/filter.h"

namespace tandem::gateway {

// What became of a request, in the access log and in gateway_cache_total.
enum class CacheResult : std::uint8_t { hit, stale, revalidated, miss, collapsed, bypass };
inline constexpr std::size_t kCacheResults = 6;
std::string_view to_text(CacheResult result);
Counter cache_counter(const std::string& cache, CacheResult result);
// Whether the service was not asked for it.
constexpr bool is_from_cache(CacheResult result) {
  return result == CacheResult::hit || result == CacheResult::stale || result == CacheResult::collapsed;
}
std::optional<CacheResult> cache_result(std::string_view text);

class Cache final : public Filter {
 public:
  // `route`: its name; `per_caller`: it asks who calls, so that only what the service calls public is for everybody.
  Cache(std::string route, std::shared_ptr<cache::Store> store, bool per_caller);
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  struct Asking;

  async::Task<Result<Response>> traced(Exchange& exchange, Next next) const;  // serve() within a span
  async::Task<Result<Response>> serve(Exchange& exchange, Next next) const;
  async::Task<Result<Response>> bypass(Exchange& exchange, Next next) const;
  async::Task<Result<Response>> pass(Exchange& exchange, Next next, const cache::Key& key, std::string_view why) const;
  async::Task<Result<Response>> fetch(Asking& asking) const;
  async::Task<Result<Response>> lead(Asking& asking, std::shared_ptr<cache::Flight> flight) const;
  // Nothing: it has to be asked for without the others.
  async::Task<std::optional<Result<Response>>> follow(Asking& asking, std::shared_ptr<cache::Flight> flight) const;
  void refresh(Asking& asking) const;
  Response stored(Asking& asking, std::shared_ptr<const cache::Entry> entry, CacheResult result,
                  CacheStatus status) const;
  void note(Exchange& exchange, CacheResult result) const;
  CacheStatus status() const { return CacheStatus(store_->name()); }

  const std::string route_;
  const std::shared_ptr<cache::Store> store_;
  const bool per_caller_;
  std::array<Counter, kCacheResults> counters_;
  std::array<Counter, kCacheResults> of_route_;
};

}  // namespace tandem::gateway
