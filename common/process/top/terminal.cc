#include "common/process/top/terminal.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace tandem::process::top {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // the alternate screen, no cursor
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

volatile sig_atomic_t ended = 0, resized = 0, stopped = 0;

void on_signal(int number) {
  if (number == SIGWINCH || number == SIGCONT)
    resized = 1;
  else if (number == SIGTSTP)
    stopped = 1;
  else
    ended = 1;
}

bool write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR && !ended) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

Terminal::Key key_of(std::string_view keys) {
  using Key = Terminal::Key;
  constexpr std::array<std::pair<std::string_view, Key>, 17> kKeys = {{{"q", Key::quit},
                                                                       {"Q", Key::quit},
                                                                       {"\x03", Key::quit},
                                                                       {"\x1b[A", Key::up},
                                                                       {"\x1bOA", Key::up},
                                                                       {"k", Key::up},
                                                                       {"\x1b[B", Key::down},
                                                                       {"\x1bOB", Key::down},
                                                                       {"j", Key::down},
                                                                       {"\x1b[5~", Key::page_up},
                                                                       {"\x1b[6~", Key::page_down},
                                                                       {" ", Key::page_down},
                                                                       {"g", Key::first},
                                                                       {"\x1b[H", Key::first},
                                                                       {"G", Key::last},
                                                                       {"\x1b[F", Key::last},
                                                                       {"\x0c", Key::redraw}}};
  for (const auto& [text, key] : kKeys) {
    if (keys == text) return key;
  }
  return keys.contains('q') ? Key::quit : Key::none;  // struck fast behind others
}

}  // namespace

bool Terminal::is_one() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1; }

Terminal::Terminal() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT}) ::sigaction(number, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  enter();
}

Terminal::~Terminal() { leave(); }

void Terminal::enter() {
  ::tcgetattr(STDIN_FILENO, &before_);
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
  write_all(kEnter);
}

void Terminal::leave() {
  write_all(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

Terminal::Size Terminal::size() const {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) return {};
  return {window.ws_row, window.ws_col};
}

// Line by line over the old ones, so that nothing flickers.
bool Terminal::draw(std::string_view screen) {
  std::string out = "\x1b[H";
  for (const char c : screen) {
    if (c == '\n') out += "\x1b[K";
    out += c;
  }
  out += "\x1b[K\x1b[J";
  return write_all(out);
}

Terminal::Key Terminal::wait(Duration patience) {
  const Instant until = deadline_after(now(), patience);
  while (!ended) {
    if (stopped) {
      stopped = 0;
      leave();
      ::raise(SIGSTOP);
      enter();
      return Key::redraw;
    }
    if (resized) {
      resized = 0;
      return Key::redraw;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
    if (left <= 0) return Key::none;
    pollfd ask{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&ask, 1, static_cast<int>(left));
    if (ready <= 0) continue;
    std::array<char, 64> keys;
    const ssize_t n = ::read(STDIN_FILENO, keys.data(), keys.size());
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) return Key::quit;  // the terminal is gone
    if (n < 0) continue;
    if (const Key key = key_of({keys.data(), static_cast<std::size_t>(n)}); key != Key::none) return key;
  }
  return Key::quit;
}

}  // namespace tandem::process::top
