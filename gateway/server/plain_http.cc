#include "gateway/server/plain_http.h"

#include "common/async/scheduler.h"
#include "common/http/problem.h"
#include "common/http/write_head.h"

namespace tandem::gateway {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t kDrainBytes = 64 * 1024;
constexpr Duration kTime = 1s;

std::string whole_answer(const std::string& connection) {
  const http::Problem problem = {400, "plain_http", "This port speaks TLS; use https.", connection};
  const std::string body = http::problem_body(problem, http::ProblemFormat::json);
  http::ResponseOut out;
  out.status = problem.status;
  out.framing = http::BodyFraming::of_length(body.size());
  out.keep_alive = false;
  out.client_version_minor = 1;
  http::Fields fields;
  fields.add("Content-Type", http::content_type(http::ProblemFormat::json));
  std::string answer;
  (void)http::write_response_head(answer, out, fields, {});
  return answer + body;
}

}  // namespace

async::Task<void> answer_plain_http(net::Stream& stream, std::string connection) {
  const Instant deadline = deadline_after(async::Scheduler::current().now(), kTime);
  const std::string answer = whole_answer(connection);
  if (!co_await stream.write_all(std::span<const char>(answer), deadline)) co_return;
  stream.shutdown_write();
  for (std::size_t read = 0; read < kDrainBytes;) {
    const auto got = co_await stream.read_some(net::Reactor::current().scratch(), deadline);
    if (!got || *got == 0) co_return;
    read += *got;
  }
}

}  // namespace tandem::gateway
