#include "common/process/admin_server.h"

#include <utility>
#include <vector>

namespace tandem::process {
namespace {

async::Task<http::ServerAnswer> answer(const observe::Admin& admin, const http::ServerRequest& request) {
  const http::RequestHead& head = request.head;
  observe::AdminResponse response = admin.handle({.method = head.method_text,
                                                  .path = head.path,
                                                  .query = head.query,
                                                  .header =
                                                      [&head](std::string_view name) {
                                                        const http::Field* field = head.fields.find(name);
                                                        return field ? field->value : std::string_view();
                                                      },
                                                  .body = request.body});
  http::ServerAnswer answer{.status = response.status, .fields = std::move(response.headers), .body = {}};
  answer.fields.emplace_back("Content-Type", std::move(response.content_type));
  answer.body = std::move(response.body);
  answer.more = std::move(response.more);
  co_return answer;
}

std::vector<net::Socket> only(net::Socket socket) {
  std::vector<net::Socket> sockets;
  sockets.push_back(std::move(socket));
  return sockets;
}

}  // namespace

AdminServer::AdminServer(net::Socket socket, const observe::Admin& admin)
    : server_(only(std::move(socket)),
              [&admin](const http::ServerRequest& request) { return answer(admin, request); }) {}

}  // namespace tandem::process
