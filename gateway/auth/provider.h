// A provider says who the holder of a credential is. One object per [auth.NAME] and generation, made at load, shared by
// all workers; each kind is one file.
#pragma once
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/async/task.h"
#include "common/base/json_writer.h"
#include "common/limit/open_counts.h"
#include "common/limit/rate_table.h"
#include "gateway/auth/availability.h"
#include "gateway/auth/options.h"
#include "gateway/identity.h"

namespace tandem::gateway {

struct Exchange;

// An answer of a service that decides who may, for the client.
struct PassedOn {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

// Why a credential was not accepted. The words are for the log: a client hears no more than that it was not.
struct AuthRefusal {
  std::string why;
  std::string_view reason = "unauthenticated";  // a literal; or nobody could tell: "auth_unavailable", "overloaded"
  bool charged = true;                          // it counts among the failures of its address
  std::shared_ptr<const PassedOn> answer = nullptr;  // what the client hears instead of ours

  // Else nobody has looked: the scope has ended, and this is its reason.
  bool is_verdict() const {
    return reason == "unauthenticated" || reason == "auth_unavailable" || reason == "overloaded";
  }
};
using AuthVerdict = std::expected<std::shared_ptr<const Identity>, AuthRefusal>;

// What lasts of a provider over reloads, by its name.
struct AuthHistory {
  HelperState helper;
  limit::RateTable failures{16'384};  // refused credentials, by address
  limit::OpenCounts at_work;          // what takes long to verify, by address
};

class HelperService;
class RemoteKeys;

class Provider {
 public:
  Provider(const AuthConfig& config, std::shared_ptr<AuthHistory> history)
      : config_(config), history_(std::move(history)) {}
  virtual ~Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  const AuthConfig& config() const { return config_; }
  AuthHistory& history() const { return *history_; }

  // What is known of the credential already, without waiting and at little cost. Null: it is to be verified.
  virtual std::shared_ptr<const Identity> recall(std::string_view credential, const Exchange& exchange) const = 0;
  // Both stay valid until the task has ended.
  virtual async::Task<AuthVerdict> verify(std::string_view credential, Exchange& exchange) const = 0;
  // What WWW-Authenticate says; `refused`: a credential was shown, and not accepted.
  virtual std::string challenge(bool refused) const = 0;
  // Members for /status: what is worth knowing of its state.
  virtual void write_status(JsonWriter&) const {}

 private:
  const AuthConfig config_;
  const std::shared_ptr<AuthHistory> history_;
};

// What providers are made from beside their configuration.
struct ProviderMaterial {
  std::shared_ptr<AuthHistory> history;
  // What it needs of others; may be null where nobody will call it.
  std::shared_ptr<RemoteKeys> keys;             // of one whose keys are fetched
  std::shared_ptr<const HelperService> helper;  // of one that asks a service
};

std::shared_ptr<const Provider> make_provider(const AuthConfig& config, ProviderMaterial material);

}  // namespace tandem::gateway
