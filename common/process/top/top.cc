#include "common/process/top/top.h"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "common/json/parse.h"
#include "common/process/admin_client.h"
#include "common/process/top/terminal.h"
#include "common/process/top/view.h"

namespace tandem::process::top {
namespace {

constexpr std::string_view kPath = "/status?only=configuration,upstreams,traffic";
constexpr Duration kPatience = std::chrono::seconds(5);

std::expected<View, std::string> look(const Options& options) {
  const auto answer = ask_admin(options.admin, options.token, kPath, "GET", {}, kPatience);
  if (!answer) return std::unexpected(answer.error().detail);
  if (answer->status == 401) return std::unexpected("a token is asked for; name the file that has it with -c");
  if (answer->status != 200) return std::unexpected(fmt::format("the answer was {}", answer->status));
  const auto status = json::parse(answer->body);
  if (!status) return std::unexpected(fmt::format("its status cannot be read: {}", status.error()));
  return view_of(*status);
}

std::string screen_of(const View& view, const Terminal& terminal, std::size_t& scroll, bool colours) {
  const Terminal::Size size = terminal.size();
  std::string screen;
  for (const Line& line : fit(view, size.rows, size.columns, scroll)) {
    if (!screen.empty()) screen += '\n';
    screen += to_text(line, colours);
  }
  return screen;
}

void print(const View& view) {
  for (const auto* lines : {&view.head, &view.body}) {
    for (const Line& line : *lines) fmt::print("{}\n", to_text(line, false));
  }
}

std::size_t scrolled(std::size_t from, Terminal::Key key, std::size_t page) {
  using Key = Terminal::Key;
  switch (key) {
    case Key::up: return from - std::min<std::size_t>(from, 1);
    case Key::down: return from + 1;
    case Key::page_up: return from - std::min(from, page);
    case Key::page_down: return from + page;
    case Key::first: return 0;
    case Key::last: return static_cast<std::size_t>(-1) / 2;
    default: return from;
  }
}

int live(View view, const Options& options) {
  const char* no_colour = std::getenv("NO_COLOR");
  const bool colours = !no_colour || !*no_colour;
  Terminal terminal;
  std::size_t scroll = 0;
  Instant asked = now();
  while (true) {
    if (!terminal.draw(screen_of(view, terminal, scroll, colours))) return 0;
    const Instant next = deadline_after(asked, options.interval);
    const Terminal::Key key = terminal.wait(std::max(next - now(), Duration::zero()));
    if (key == Terminal::Key::quit) return 0;
    scroll = scrolled(scroll, key, std::max<std::size_t>(terminal.size().rows, 4) - 3);
    if (now() < next) continue;
    asked = now();
    auto fresh = look(options);
    if (fresh) {
      view = *std::move(fresh);
    } else {  // what was known last stays
      if (view.head.size() > 2) view.head.pop_back();
      view.head.push_back({{"no answer: " + fresh.error(), Style::bad}});
    }
  }
}

}  // namespace

int run(const std::string& program, const Options& options) {
  auto view = look(options);
  if (!view) {
    fmt::print(stderr, "{}: {}\n", program, view.error());
    return 1;
  }
  if (!options.once && Terminal::is_one()) return live(*std::move(view), options);
  print(*view);
  return 0;
}

}  // namespace tandem::process::top
