// A connection that has its server: all that remains of it once set up is this object with its relay, 312 bytes
// while idle. Owned by the worker's SessionList; lives on the worker's thread.
#pragma once
#include <memory>

#include "common/balance/lease.h"
#include "common/net/relay.h"
#include "lb/connection.h"
#include "lb/traffic.h"

namespace tandem::lb {

class OpenConnections;
class SessionList;

class Session final : private net::Relay::Owner {
 public:
  Session(Connection&& connection, Traffic& traffic, balance::Lease&& lease, net::Relay::Side client,
          net::Relay::Side server);
  ~Session();

  // To be called once. When it fails the connection is still to be ended by ended_early().
  Result<void> start(const net::RelayPreface& preface) { return relay_.start(preface); }

 private:
  friend class SessionList;
  void tell(OpenConnections& to) const;
  void on_relay_end(net::Relay& relay, net::RelayEnd end) noexcept override;
  void on_closing(net::Relay& relay) noexcept override;
  void on_passed_on(net::Relay& relay, net::Toward toward, std::size_t bytes) noexcept override;
  void on_turnaround_started(net::Relay& relay, Instant at) noexcept override;
  void on_turnaround(net::Relay& relay, Duration took) noexcept override;
  bool on_first_bytes(net::Relay& relay, std::span<const char> bytes) noexcept override;
  void blame(net::RelayEnd end);
  void finish(std::string_view end);

  Session* next_ = nullptr;
  Session** link_ = nullptr;  // what points at this
  Traffic& traffic_;
  balance::Lease lease_;
  Connection connection_;
  net::Relay relay_;
};

// The sessions of a worker.
class SessionList {
 public:
  SessionList() = default;
  SessionList(const SessionList&) = delete;
  SessionList& operator=(const SessionList&) = delete;

  // Starts it and keeps it until its relay ends; when that fails it ends at once.
  void begin(std::unique_ptr<Session> session, const net::RelayPreface& preface);

  void close_all(net::RelayEnd why);             // each ends soon
  void close_to(const balance::Server& server);  // likewise, those of a server that went down
  void end_all();                                // at once: the thread ends
  void tell(OpenConnections& to) const;          // the newest first

 private:
  friend class Session;
  void add(Session* session);
  static void destroy(Session* session);
  Session* first_ = nullptr;
};

}  // namespace tandem::lb
