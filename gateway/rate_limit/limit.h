// A limit compiled: what each tier of callers may have, and what has been taken of it. The state lasts over reloads, by
// the limit's name; the rest belongs to one generation. Shared by all workers.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/counters.h"
#include "common/base/json_writer.h"
#include "common/limit/cell_table.h"
#include "common/limit/rate.h"
#include "gateway/rate_limit/options.h"

namespace tandem::gateway {

// The tiers of callers that a limit knows, "default" first.
std::vector<std::string> tiers_of(const RateLimitConfig& config);

// What has been taken by each key.
struct LimitState {
  explicit LimitState(std::size_t max_keys)
      : rates(2 * max_keys), quotas(2 * max_keys) {}  // half of the cells stay free

  limit::CellTable rates;   // words: points in time
  limit::CellTable quotas;  // words: quota_word()
};

// What callers of one tier may have.
struct Allowance {
  std::string tier;
  std::optional<limit::Gcra> rate;
  limit::Rate written;  // the rate as the file has it
  std::optional<Quota> quota;
  // As RateLimit-Policy has them; empty where there is none.
  std::string rate_policy, quota_policy;
  std::array<std::string, 4> script_arguments;  // interval, burst, quota and its seconds, as shared.cc wants them
};

// How requests have fared: gateway_rate_limit_total{limit,result}.
struct LimitCounters {
  explicit LimitCounters(const std::string& limit);
  Counter allowed, limited, reported, unavailable;  // the last: Redis was out, and if_unavailable let it in or refused
};

class Limit {
 public:
  Limit(RateLimitConfig config, std::shared_ptr<LimitState> state);

  const RateLimitConfig& config() const { return config_; }
  const std::string& name() const { return config_.name; }
  LimitState& state() const { return *state_; }
  const LimitCounters& counters() const { return counters_; }
  // Of who is of no tier that the limit knows: the default's.
  const Allowance& allowance(std::string_view tier) const;
  // What one of `instances` takes for itself of that while Redis is out.
  const Allowance& share_of(const Allowance& allowance) const;
  const std::vector<Allowance>& allowances() const { return allowances_; }
  void write_status(JsonWriter& json) const;  // one object
  // As RateLimit names them: the limit's name, and its name with "-quota", in quotes.
  const std::string& rate_item() const { return rate_item_; }
  const std::string& quota_item() const { return quota_item_; }

 private:
  Allowance make_allowance(const std::string& tier, std::uint32_t parts) const;

  const RateLimitConfig config_;
  const std::shared_ptr<LimitState> state_;
  const LimitCounters counters_;
  const std::string rate_item_, quota_item_;
  std::vector<Allowance> allowances_;  // the default's first
  std::vector<Allowance> shares_;      // in the same order
};

}  // namespace tandem::gateway
