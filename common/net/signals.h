// Signals of the process as callbacks on a reactor's thread. One object in a process, on its control thread; SIGPIPE is
// ignored from its making on.
#pragma once
#include <functional>
#include <memory>

namespace tandem::net {

class Signals {
 public:
  Signals();
  ~Signals();  // the signals it listened for are ignored from then on: the process is ending
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Calls `callback` on this thread's reactor each time `number` (SIGTERM …) comes.
  void on(int number, std::function<void()> callback);

 private:
  struct Handle;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tandem::net
