// A small HTTP/1 server for little traffic: the admin address. Gathers each request's body (within a limit), calls one
// function, writes the answer. Lives on the control thread.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/async/task_group.h"
#include "common/http/inbound.h"
#include "common/http/outbound.h"
#include "common/net/listener.h"

namespace tandem::http {

struct ServerRequest {
  const RequestHead& head;
  std::string_view body;
  const Address& peer;
};

struct ServerAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;  // Content-Length, Date and Connection are added
  std::string body;
  // Where there is more: appends the next piece behind the body, and says whether another follows. May be empty.
  std::function<bool(std::string&)> more = {};
};

class Server final : private net::Listener::Owner {
 public:
  using Handle = std::function<async::Task<ServerAnswer>(const ServerRequest&)>;

  Server(std::vector<net::Socket> sockets, Handle handle);
  ~Server();

  Result<void> start();
  int descriptor() const { return listeners_.front()->descriptor(); }  // of its first listening socket
  const Address& address() const { return listeners_.front()->address(); }

  // Stops accepting; what is open ends with its next answer, or by itself.
  void finish();

  // Stops accepting and cuts what is open. To be awaited before destruction.
  async::Task<void> close();

 private:
  static constexpr std::size_t kMaxConnections = 64;
  static constexpr std::size_t kMaxBody = 64 * 1024;

  void on_accept(net::Listener& listener, net::Socket socket, const Address& peer) noexcept override;
  async::Task<void> serve(std::unique_ptr<net::Stream> stream, Address peer);
  async::Task<bool> send(Outbound& out, const RequestHead& head, ServerAnswer& answer, bool& keep_alive);
  async::Task<bool> exchange(net::Stream& stream, Inbound& inbound, const Address& peer);

  Handle handle_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  async::TaskGroup connections_;
  bool finishing_ = false;
};

}  // namespace tandem::http
