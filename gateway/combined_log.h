// The access log's line in the combined format that web servers write and log analysers read:
//   10.0.0.1 - anna [24/Nov/2026:03:31:56 +0000] "GET /users/7 HTTP/1.1" 200 512 "https://a.example/" "curl/8.5"
// What is not known is "-". A client that left before an answer is shown with 499, as NGINX does. Foreign bytes that
// are no printable ASCII, quotes and backslashes are escaped as \xHH, and texts are cut, so a line is one line and
// bounded.
#pragma once
#include <string>

#include "gateway/access_log.h"

namespace tandem::gateway {

// Replaces `out` by the line with its newline. The referrer is shown without its query.
void write_combined(std::string& out, const AccessRecord& record);

}  // namespace tandem::gateway
