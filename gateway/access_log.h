// The access log of gateway: one line for each request, written when its exchange has ended. Owned by a worker, used on
// its thread. Nothing that a client may mean to keep secret stands in it: queries and fields only where `[log]` asks
// for them, with the values masked that are secrets by their names.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/observe/log_line.h"
#include "common/observe/log_sink.h"
#include "gateway/log_rules.h"

namespace tandem::gateway {

// The fields of contract §6, in the order in which they are shown. Views must live until write() returns; what is empty
// does not apply (no route was found, no server was asked).
struct AccessRecord {
  WallTime time{};  // of the end
  std::string_view id{};
  std::string_view trace{};
  std::string_view conn{};  // the connection's id, lb's where it came through one
  IpEndpoint client{};
  std::string_view method{};
  std::string_view host{};
  std::string_view path{};   // without its query
  std::string_view query{};  // masked; only where it is logged
  std::string_view route{};
  std::optional<std::uint16_t> status{};  // none: the client left before an answer began
  std::string_view reason{};              // of an answer that the gateway made itself, or of a break
  std::uint64_t bytes_in = 0;             // body bytes from the client
  std::uint64_t bytes_out = 0;            // body bytes to the client
  Duration duration{};
  std::string_view upstream{};
  std::string_view server{};
  std::optional<Duration> upstream_time{};  // shown as upstream_ms: from the request sent to the answer's head
  std::uint32_t attempts = 0;
  std::string_view cache{};              // what a cache had for it; empty: none was asked
  std::string_view limit{};              // that has refused it, or would have (mode = "report")
  std::string_view parts{};              // of an aggregate: what became of each
  std::string_view consumer{};           // who called, where that is known
  std::string_view client_request_id{};  // the client's own X-Request-Id
  LoggedFields fields{};
  // Only where the format is combined.
  std::string_view referer{};
  std::string_view user_agent{};
  std::uint8_t version_minor = 1;
};

// Whether a request has failed through no fault of its client: a status of 500 and above, or it was broken off by
// anybody else. `status` 0: none was sent.
bool has_failed(int status, std::string_view reason);

// A record that owns its texts: for what goes on after its exchange.
class KeptRecord {
 public:
  explicit KeptRecord(const AccessRecord& of);
  KeptRecord(const KeptRecord&) = delete;
  KeptRecord& operator=(const KeptRecord&) = delete;

  AccessRecord record;

 private:
  std::unique_ptr<char[]> texts_;
};

class AccessLog {
 public:
  explicit AccessLog(observe::LogSink& sink) : sink_(sink), buffer_(sink) {}
  bool is_off() const { return sink_.is_off(); }
  // Of the present generation; they must live until the next call.
  void use(const LogRules& rules) { rules_ = &rules; }
  const LogRules& rules() const { return *rules_; }
  void write(const AccessRecord& record);

 private:
  observe::LogSink& sink_;
  observe::LogBuffer buffer_;
  const LogRules* rules_ = nullptr;
  std::string line_;  // used again for every line
};

}  // namespace tandem::gateway
