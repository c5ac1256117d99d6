// The terminal that `top` draws on: its alternate screen, keys as they are struck, its size. Everything is as it was
// once the object is gone, however the program ends but by KILL. At most one at a time.
#pragma once
#include <termios.h>

#include <cstdint>
#include <string_view>

#include "common/base/clock.h"

namespace tandem::process::top {

class Terminal {
 public:
  static bool is_one();  // stdin and stdout are a terminal

  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  struct Size {
    std::size_t rows = 24;
    std::size_t columns = 80;
  };
  Size size() const;

  // Replaces what is shown. False when nobody is there any more.
  bool draw(std::string_view screen);

  enum class Key : std::uint8_t { none, quit, up, down, page_up, page_down, first, last, redraw };
  // The next key within `patience`; redraw when the window has changed; quit also for INT, TERM and HUP.
  Key wait(Duration patience);

 private:
  void enter();
  void leave();

  termios before_{};
};

}  // namespace tandem::process::top
