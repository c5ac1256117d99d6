// A helper that is one of the gateway's own upstreams: an introspection endpoint, a service that decides who may. Asked
// by the handler that asks services, so that balancing, checks, TLS, queue and breaker count for it too. One object per
// provider and generation, shared by all workers; a call is its caller's coroutine and ends with its exchange.
#pragma once
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "common/async/task.h"
#include "common/http/message.h"
#include "gateway/exchange.h"
#include "gateway/handlers/proxy.h"

namespace tandem::gateway {

class HelperService {
 public:
  struct Request {
    http::Method method = http::Method::get;
    http::Fields fields;         // end to end ones; what they point to outlives the call
    std::string body;            // with POST
    std::size_t most_bytes = 0;  // of the answer's body
  };
  struct Answer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;  // end to end ones
    std::string body;

    const std::string* field(std::string_view name) const;  // the only one of that name; else null
  };

  // `upstream`, `config` and `history` belong to the generation that this is part of. `path` has been checked to be the
  // text of a request target. `timeout`: of a call, with all its tries and the answer's last byte.
  HelperService(balance::Upstream& upstream, const UpstreamConfig& config, UpstreamHistory& history,
                const std::string& path, Duration timeout);

  // On behalf of `of`: its id, trace and X-Forwarded-* go along. Whatever the answer's status; else an error of origin
  // upstream that says why there is none, or the reason of the exchange's scope, which has ended.
  async::Task<std::expected<Answer, Error>> ask(Exchange& of, Request request) const;

 private:
  async::Task<std::expected<Answer, Error>> run(Exchange& exchange, std::size_t most_bytes) const;

  const std::string host_;  // what Host says where the upstream does not say it; empty: the server's address
  const Duration timeout_;
  const Proxy proxy_;
};

}  // namespace tandem::gateway
