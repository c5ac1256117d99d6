#include "common/net/signals.h"

#include <uv.h>

#include <csignal>
#include <vector>

#include "common/net/reactor.h"

namespace tandem::net {

struct Signals::Handle {
  uv_signal_t signal;
  std::function<void()> callback;
};

struct Signals::State {
  std::vector<std::unique_ptr<Handle>> handles;
};

Signals::Signals() : state_(std::make_unique<State>()) { std::signal(SIGPIPE, SIG_IGN); }

Signals::~Signals() {
  // Closing gives a signal its default back: one more TERM would kill a process that is just ending well. So they wait
  // until they are ignored, which drops those that came.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // libuv frees a handle only after its close callback: each handle outlives this object until then.
  for (auto& handle : state_->handles) {
    auto* raw = handle.release();
    const int number = raw->signal.signum;
    uv_close(reinterpret_cast<uv_handle_t*>(&raw->signal),
             [](uv_handle_t* closed) { delete static_cast<Handle*>(closed->data); });
    std::signal(number, SIG_IGN);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Signals::on(int number, std::function<void()> callback) {
  auto& handle = *state_->handles.emplace_back(std::make_unique<Handle>());
  handle.callback = std::move(callback);
  uv_signal_init(Reactor::current().loop(), &handle.signal);
  handle.signal.data = &handle;
  uv_signal_start(
      &handle.signal,
      [](uv_signal_t* signal, int) { Reactor::current().turn(static_cast<Handle*>(signal->data)->callback); }, number);
}

}  // namespace tandem::net
