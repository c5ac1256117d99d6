#include "common/observe/page.h"

#include "common/observe/admin.h"

namespace tandem::observe {
namespace {

std::string_view type_of(std::string_view path) {
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "text/html; charset=utf-8";
}

// Nothing but what comes from here, and nothing written into the page itself: a name with HTML in it stays a text, and
// were it none, it could do nothing.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

AdminResponse answer(const PageFile& file) {
  AdminResponse response{.content_type = std::string(type_of(file.path)), .body = std::string(file.bytes)};
  response.headers = {{"Content-Security-Policy", std::string(kPolicy)},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Frame-Options", "DENY"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"}};
  return response;
}

}  // namespace

void add_page(Admin& admin) {
  for (const PageFile& file : page_files()) {
    admin.add_open_endpoint("/" + std::string(file.path), [&file](const AdminRequest&) { return answer(file); });
  }
}

}  // namespace tandem::observe
