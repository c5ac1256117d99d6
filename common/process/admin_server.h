// The admin address: observe's endpoints carried by http's small server. Owned by the control thread and living on it.
#pragma once
#include <memory>

#include "common/http/server.h"
#include "common/observe/admin.h"

namespace tandem::process {

class AdminServer {
 public:
  // `admin` must outlive it.
  AdminServer(net::Socket socket, const observe::Admin& admin);

  Result<void> start() { return server_.start(); }
  int descriptor() const { return server_.descriptor(); }
  // Somebody else listens there now: accepts nothing more, what is open ends with its next answer.
  void finish() { server_.finish(); }
  // To be awaited before destruction.
  async::Task<void> close() { return server_.close(); }

 private:
  http::Server server_;
};

}  // namespace tandem::process
