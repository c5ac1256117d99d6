#include "common/observe/page.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "common/observe/admin.h"

using namespace tandem;
using namespace tandem::observe;

namespace {

struct Served {
  Metrics metrics;
  Admin admin;
  explicit Served(std::string token = "")
      : admin({.program = "lb", .version = "1", .listen = *Address::parse("127.0.0.1:9901"), .token = std::move(token)},
              metrics) {
    add_page(admin);
  }
  AdminResponse get(std::string_view path, std::string_view host = "127.0.0.1:9901") const {
    return admin.handle({.method = "GET", .path = path, .query = "", .header = [host](std::string_view name) {
                           return name == "host" ? host : std::string_view();
                         }});
  }
};

std::string header(const AdminResponse& response, std::string_view name) {
  const auto found = std::ranges::find(response.headers, name, &std::pair<std::string, std::string>::first);
  return found == response.headers.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("page: everything that it refers to is part of the binary") {
  const Served served;
  const AdminResponse page = served.get("/");
  CHECK(page.status == 200);
  CHECK(page.content_type == "text/html; charset=utf-8");
  for (const char* attribute : {"src=\"", "rel=\"stylesheet\" href=\""}) {
    std::size_t at = 0;
    while ((at = page.body.find(attribute, at)) != std::string::npos) {
      at += std::string_view(attribute).size();
      const std::string path = "/" + page.body.substr(at, page.body.find('"', at) - at);
      CHECK_MESSAGE(served.get(path).status == 200, path);
    }
  }
  for (const PageFile& file : page_files()) {
    if (!file.path.ends_with(".js") || file.path == "chart.js") continue;
    std::size_t at = 0;
    while ((at = file.bytes.find("from './", at)) != std::string_view::npos) {
      at += 8;
      const std::string path = "/" + std::string(file.bytes.substr(at, file.bytes.find('\'', at) - at));
      CHECK_MESSAGE(served.get(path).status == 200, path);
    }
  }
  CHECK(served.get("/chart.js").body.find("Chart.js v3") != std::string::npos);
}

TEST_CASE("page: nothing from elsewhere, nothing inline, in nobody's frame") {
  const Served served;
  for (const PageFile& file : page_files()) {
    const AdminResponse response = served.get("/" + std::string(file.path));
    const std::string policy = header(response, "Content-Security-Policy");
    CHECK(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(header(response, "X-Content-Type-Options") == "nosniff");
    if (file.path == "chart.js" || file.path.ends_with(".svg")) continue;
    for (const char* never : {"innerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=\"", " onclick"}) {
      CHECK_MESSAGE(response.body.find(never) == std::string::npos, file.path, " has ", never);
    }
  }
}

TEST_CASE("page: it is given without the token and by any name then, for it says nothing; a forged name gets nothing") {
  const Served open;
  CHECK(open.get("/", "evil.example").status == 403);
  const Served closed("s3cret");
  CHECK(closed.get("/").status == 200);
  CHECK(closed.get("/page.js").status == 200);
  CHECK(closed.get("/", "lb.internal:9901").status == 200);
  CHECK(closed.get("/status").status == 401);
  CHECK(closed.get("/status", "lb.internal:9901").status == 403);
}
