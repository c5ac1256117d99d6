// The admin endpoints (contract §6) as a function from a request to an answer; a small server from common/http carries
// it. Owned by main, called on the control thread. Who may ask is decided here, before anything else: the address is
// loopback or a unix socket unless there is a token, and a web page in somebody's browser must not be able to ask.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/observe/metrics_text.h"
#include "common/observe/registration.h"

namespace tandem::observe {

struct AdminRequest {
  std::string_view method;
  std::string_view path;  // without the query
  std::string_view query;
  // The value of a header by its name in lower case; an empty view when there is none. Host may stand only once: the
  // HTTP codec sees to that.
  std::function<std::string_view(std::string_view name)> header;
  std::string_view body = {};
  std::vector<std::string> params = {};  // the values of the endpoint's `{…}` segments; Admin fills them
};

struct AdminResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};  // the server sends none of it to HEAD
  // Where there is more than the body: appends the next piece, and says whether another follows. May be empty.
  std::function<bool(std::string&)> more{};
};

class Admin {
 public:
  using StatusProvider = std::function<void(JsonWriter&)>;
  using Handler = std::function<AdminResponse(const AdminRequest&)>;

  struct Options {
    std::string program;  // "lb"
    std::string version;
    Address listen;
    std::string token;  // empty: none asked for
  };

  Admin(Options options, const Metrics& metrics);
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  AdminResponse handle(const AdminRequest& request) const;

  // A member of /status: `provider` must write exactly one value. Members stand in the order of their registration,
  // after program, version, state and uptime; GET /status?only=a,b gives those two and what stands before all. All on
  // the control thread.
  Registration add_status(std::string name, StatusProvider provider);
  // What a browser loads before anybody can give a token: GET of this path is answered without one. Nothing of the
  // program's state may stand in it.
  void add_open_endpoint(std::string path, Handler handler);
  // A further endpoint. GET handlers must change nothing; HEAD follows GET. A segment `{name}` of the path
  // takes any value, see match_admin_path(); the handler finds it in the request's params.
  void add_endpoint(std::string method, std::string path, Handler handler);

 private:
  AdminResponse metrics_page() const;
  AdminResponse status_page(const AdminRequest& request) const;

  const Options options_;
  const Instant started_ = now();
  const Metrics& metrics_;
  std::map<std::string, std::map<std::string, Handler>, std::less<>> endpoints_;  // by path, then method
  std::set<std::string, std::less<>> open_;                                       // paths that need no token
  std::vector<std::pair<std::string, StatusProvider>> providers_;
};

// An error as RFC 9457 problem JSON.
AdminResponse admin_problem(int status, std::string_view reason, std::string_view detail);

// True when nobody but this machine's users can reach it: loopback or a unix socket.
bool is_local(const Address& address);

}  // namespace tandem::observe
