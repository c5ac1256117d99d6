// A value that many threads read and one replaces now and then. Readers never wait: they count themselves in, take the
// pointer and count themselves out. A replaced value is freed by a later publish() (or the destructor) that finds no
// reader: whoever comes after the swap sees the new one.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace tandem::balance {

template <class T>
class Published {
 public:
  class Reader {
   public:
    explicit Reader(const Published& from) : from_(from) {
      from_.readers_.fetch_add(1, std::memory_order_seq_cst);
      value_ = from_.current_.load(std::memory_order_seq_cst);
    }
    ~Reader() { from_.readers_.fetch_sub(1, std::memory_order_seq_cst); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    const T* get() const { return value_; }
    const T* operator->() const { return value_; }
    explicit operator bool() const { return value_ != nullptr; }

   private:
    const Published& from_;
    const T* value_;
  };

  Published() = default;
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;
  ~Published() { delete current_.load(); }

  // What is read stays valid while the Reader lives; keep it for one pick, not for a connection.
  Reader read() const { return Reader(*this); }

  // One thread at a time: the caller holds a lock.
  void publish(std::unique_ptr<const T> next) {
    if (const T* old = current_.exchange(next.release(), std::memory_order_seq_cst)) retired_.emplace_back(old);
    if (readers_.load(std::memory_order_seq_cst) == 0) retired_.clear();
  }

 private:
  std::atomic<const T*> current_{nullptr};
  alignas(64) mutable std::atomic<std::uint32_t> readers_{0};
  std::vector<std::unique_ptr<const T>> retired_;
};

}  // namespace tandem::balance
