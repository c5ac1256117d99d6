// One listener of one generation as one worker sees it: accepts within the limits, sets connections up, and is told of
// each end. After a reload it keeps only what its connections need. Owned by the Worker, used on its thread.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/net/tcp_path.h"
#include "common/process/limited_listener.h"
#include "common/process/listening.h"
#include "lb/connection.h"
#include "lb/traffic.h"

namespace tandem::lb {

class Worker;

// How a connection ended, for log and metrics. Views live until ended() returns; tokens are literals.
struct Ending {
  std::string_view end;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::optional<Duration> first_byte = {};  // from accept to the server's first byte
};

class Listener final : private process::LimitedListener::Owner {
 public:
  // `index`: of the listener in `generation`, which is held.
  Listener(Worker& worker, std::shared_ptr<Generation> generation, std::size_t index, net::Sockets sockets);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // As the sockets'.
  void start() { socket_.start(); }
  void finish() { socket_.finish(); }
  void close() { socket_.close(); }
  std::vector<int> descriptors() const { return socket_.descriptors(); }
  net::Sockets release() { return socket_.release(); }

  std::size_t open() const { return open_; }  // its connections
  Worker& worker() const { return worker_; }
  SharedListener& shared() const { return shared_; }
  const ListenerConfig& config() const { return shared_.config; }
  process::ListenerAddress place() const { return {config().name, config().listen}; }
  const Address& address() const { return socket_.address(); }
  bool bound_to_any() const { return bound_to_any_; }  // only an accepted socket knows which address was connected to

  // The peer is listed: it must send a PROXY header.
  bool expects_header(const IpEndpoint& peer) const;

  // Whether its client, as far as it is known, may come; from then on it counts for per_source. Error: a token for
  // Ending, "forbidden", "too_many_connections" or "rate_limited", which the log has been told.
  Result<void> admit(Connection& connection);

  // The server is one of the branch's upstream. Without a server: who reached none; without a branch: nor an upstream.
  Traffic& traffic_to(const Branch* branch, const balance::Server* server);

  // What is known of a connection's two ways, which ended() then logs: with `tcp_info`.
  void closing(const Connection& connection, const net::TcpPaths& paths) { closing_.emplace_back(&connection, paths); }

  // Every accepted connection ends in exactly one of these: without a server reached (nor, with null, an upstream
  // chosen), or with one.
  void ended(const Connection& connection, const Branch* branch, const Ending& ending);
  void ended(const Connection& connection, Traffic& traffic, const balance::Server& server, const Ending& ending);

 private:
  void on_accept(net::Socket socket, const Address& peer) noexcept override;
  void leave(const Connection& connection);
  void log(const Connection& connection, const Branch* branch, std::string_view server, const Ending& ending);
  std::optional<net::TcpPaths> take_paths(const Connection& connection);

  Worker& worker_;
  const std::shared_ptr<Generation> generation_;
  SharedListener& shared_;
  process::LimitedListener socket_;
  const bool bound_to_any_;
  std::map<std::pair<const Branch*, const balance::Server*>, std::unique_ptr<Traffic>> traffic_;
  std::vector<std::pair<const Connection*, net::TcpPaths>> closing_;  // few: until their turn is over
  std::size_t open_ = 0;
};

}  // namespace tandem::lb
