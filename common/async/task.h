// Task<T>: a coroutine that gives one T. Lazy: it starts when awaited (or spawned in a TaskGroup), on the awaiting
// thread, and runs inside the awaiting call until it first has to wait, so one that ends at once never suspends its
// caller. The caller owns the frame; a suspended task is never destroyed, it is cancelled and awaited. Tasks inherit
// the cancel scope of whoever awaits them. Avoid capturing lambdas as coroutines: captures die with the lambda. Pass
// by value what must outlive an await.
#pragma once
#include <cassert>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "common/async/cancel.h"
#include "common/async/frame_pool.h"

namespace tandem::async {

template <class T>
class Task;

class PromiseBase {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> ended) const noexcept {
      return ended.promise().continuation_;
    }
    void await_resume() const noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }  // no exception crosses a coroutine's edge

  // The scope that ends what this coroutine waits for; null: nothing does.
  CancelScope* scope() const { return scope_; }
  void set_scope(CancelScope* scope) { scope_ = scope; }

  template <class U>
  auto await_transform(Task<U>&& task) noexcept {
    task.handle_.promise().scope_ = scope_;
    return typename Task<U>::Awaiter{std::move(task)};
  }
  template <class Awaitable>
  Awaitable&& await_transform(Awaitable&& awaitable) noexcept {
    return std::forward<Awaitable>(awaitable);
  }

 private:
  template <class T>
  friend class Task;
  std::coroutine_handle<> continuation_ = std::noop_coroutine();
  CancelScope* scope_ = nullptr;
};

template <class T>
class Promise : public PromiseBase {
 public:
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
 public:
  Task<void> get_return_object();
  void return_void() {}
  void take() {}
};

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = Promise<T>;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    Task task;
    bool await_ready() {
      task.handle_.resume();
      return task.handle_.done();
    }
    void await_suspend(std::coroutine_handle<> awaiting) { task.handle_.promise().continuation_ = awaiting; }
    T await_resume() { return task.handle_.promise().take(); }
  };

 private:
  friend promise_type;
  friend class PromiseBase;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

// co_await this_scope(): the scope of the running coroutine, or null.
struct this_scope {
  CancelScope* scope = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    scope = handle.promise().scope();
    return false;
  }
  CancelScope* await_resume() const noexcept { return scope; }
};

// Runs `task` within `scope` instead of the awaiting coroutine's: co_await within(scope, work()). The scope must
// outlive the await.
template <class T>
Task<T> within(CancelScope& scope, Task<T> task) {
  struct Enter {
    CancelScope* scope;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<Promise<T>> handle) const noexcept {
      handle.promise().set_scope(scope);
      return false;
    }
    void await_resume() const noexcept {}
  };
  co_await Enter{&scope};
  co_return co_await std::move(task);
}

}  // namespace tandem::async
