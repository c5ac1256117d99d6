// Keeps the keys of issuers up to date: one coroutine for each source fetches them again when their time is over, when
// a worker asks because of a token of an unknown key, and with growing pauses while the issuer gives none. What was
// fetched last stays in force meanwhile. Owned by the control thread and living on it, over all generations.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/async/task_group.h"
#include "common/process/program_note.h"
#include "gateway/auth/remote_keys.h"

namespace tandem::gateway {

struct FoundKeys;

class KeyFetcher {
 public:
  KeyFetcher() = default;
  ~KeyFetcher();  // stop() has been awaited, or nothing was followed
  KeyFetcher(const KeyFetcher&) = delete;
  KeyFetcher& operator=(const KeyFetcher&) = delete;

  // What is known of the provider's keys, the same object for the same name and source as long as anybody holds it;
  // null for one whose keys do not come over the network.
  std::shared_ptr<RemoteKeys> keys_of(const AuthConfig& provider);

  // What is known, for the process that replaces this one, and what the one before knew: of a source that is asked
  // for (keys_of()) before the first follow(). So an upgrade while an issuer is down costs no keys.
  std::vector<process::ProgramNote> notes() const;
  void recall(std::vector<process::ProgramNote> notes);

  // From now on these are kept up to date, and no others. On a thread with a reactor.
  void follow(const std::vector<AuthConfig>& providers, std::vector<IpEndpoint> resolvers);
  async::Task<void> stop();

 private:
  struct Watched;
  void inherit(const std::string& identity, RemoteKeys& keys);
  async::Task<void> watch(std::shared_ptr<Watched> watched);
  Duration take(Watched& watched, FoundKeys found);

  std::map<std::string, std::weak_ptr<RemoteKeys>> known_;  // by name and source
  std::map<std::string, std::shared_ptr<Watched>> watched_;
  std::vector<process::ProgramNote> recalled_;
  std::vector<IpEndpoint> resolvers_;
  async::TaskGroup fetches_;
};

}  // namespace tandem::gateway
