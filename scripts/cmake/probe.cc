// Compiled unoptimised and run when CMake configures: does this compiler get the coroutine forms right that Tandem
// relies on? g++ 12 destroys capturing lambdas and aggregates made inside a co_await expression twice, and a compiler
// without guaranteed tail calls overflows the stack in a loop of awaits. Prints what failed; exits 1.
#include <coroutine>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <utility>

namespace {
int live = 0;
struct Counted {
  Counted() { ++live; }
  Counted(const Counted&) { ++live; }
  Counted(Counted&&) noexcept { ++live; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --live; }
};

struct Task {
  struct promise_type {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        return h.promise().continuation;
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
  explicit Task(std::coroutine_handle<promise_type> h) : handle(h) {}
  Task(Task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~Task() {
    if (handle) handle.destroy();
  }
  bool await_ready() {
    handle.resume();
    return handle.done();
  }
  void await_suspend(std::coroutine_handle<> h) { handle.promise().continuation = h; }
  void await_resume() {}
};

struct Aggregate {
  Counted counted;
  std::string text;
};
Task takes_function(std::function<void()> f) {
  f();
  co_return;
}
Task takes_aggregate(Aggregate) { co_return; }
Task ends_at_once() { co_return; }

Task forms() {
  Counted captured;
  co_await takes_function([captured] { (void)captured; });
  co_await takes_aggregate(Aggregate{Counted{}, "a text that is too long for the small string buffer"});
}
Task many() {
  for (int i = 0; i < 2'000'000; ++i) co_await ends_at_once();
}
}  // namespace

int main() {
  {
    Task t = forms();
    t.handle.resume();
  }
  if (live != 0) {
    std::printf("objects made inside a co_await expression are destroyed %s.", live < 0 ? "twice" : "never");
    return 1;
  }
  {
    Task t = many();
    t.handle.resume();
  }
  return 0;
}
