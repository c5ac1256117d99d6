// A promise to be asked: whoever contributes to the metrics or to the status page holds one, and letting it go ends the
// contribution. Owned by the contributor; must not outlive what it was registered with.
#pragma once
#include <functional>
#include <utility>

namespace tandem::observe {

class [[nodiscard]] Registration {
 public:
  Registration() = default;
  explicit Registration(std::function<void()> end) : end_(std::move(end)) {}
  Registration(Registration&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  Registration& operator=(Registration&& other) noexcept {
    std::swap(end_, other.end_);
    return *this;
  }
  ~Registration() {
    if (end_) end_();
  }

 private:
  std::function<void()> end_;
};

}  // namespace tandem::observe
