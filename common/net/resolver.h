// Asks the domain name system, through c-ares on this thread's reactor: retries, the next server when one is silent,
// TCP when an answer is truncated, and the search list of resolv.conf are the library's. Made for one round of
// questions, so that the system's settings are read anew each time; owned by the coroutine that asks.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "common/net/dns_message.h"
#include "common/net/reactor.h"

struct ares_channeldata;

namespace tandem::net {

class Resolver {
 public:
  // `servers`: who is asked; empty: whom the system asks. Fails when the library cannot begin.
  static Result<std::unique_ptr<Resolver>> make(const std::vector<IpEndpoint>& servers);
  ~Resolver();  // questions still asked are forgotten
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Any number side by side. Fails with origin upstream and
  //   dns_none     the name does not exist, or has no record of this type: somebody who knows has said so
  //   dns_failed   nobody gave an answer that can be used; the detail says why
  // or with the reason of the cancelled scope.
  async::Task<Result<DnsReply>> ask(std::string name, DnsType type, Instant deadline);

  // What the system's hosts file says of a name; it reads the file.
  std::vector<IpAddress> from_hosts_file(const std::string& name);

 private:
  class Socket;
  struct Question;

  Resolver() = default;
  void on_socket(int fd, bool reads, bool writes);
  static void on_answer(void* question, int status, int timeouts, unsigned char* message, int size);

  ares_channeldata* channel_ = nullptr;
  std::map<int, std::unique_ptr<Socket>> sockets_;
};

}  // namespace tandem::net
