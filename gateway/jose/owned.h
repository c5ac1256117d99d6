// An object of OpenSSL's that is freed by the function that belongs to it. Private to the room.
#pragma once
#include <memory>

namespace tandem::jose {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

}  // namespace tandem::jose
