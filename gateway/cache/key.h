// By what a stored answer is found (RFC 9111 §2). Made by whoever knows the request.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::cache {

// A key for everybody ("shared"), and behind it, where who calls makes a difference, one for this caller only. Both
// begin with the URL, by which they are purged.
class Key {
 public:
  Key() = default;
  // `rest`: what else tells requests for `url` apart. Neither may hold a '\n'.
  Key(std::string_view url, std::string_view rest) : text_(url), url_size_(url.size()) {
    text_.append("\n").append(rest);
    shared_size_ = text_.size();
    finish();
  }
  // Also for one caller. `caller` may be empty: nobody knows who it is, and only what is for everybody can be used.
  void split_by_caller(std::string_view caller) {
    per_caller_ = true;
    if (caller.empty()) return;
    text_.append("\n").append(caller);
    finish();
  }

  std::string_view url() const { return std::string_view(text_).substr(0, url_size_); }
  std::string_view shared() const { return std::string_view(text_).substr(0, shared_size_); }
  std::string_view own() const { return text_; }  // the shared one where there is no other
  bool per_caller() const { return per_caller_; }
  bool has_own() const { return text_.size() > shared_size_; }

  std::uint64_t url_hash() const { return url_hash_; }
  std::uint64_t shared_hash() const { return shared_hash_; }
  std::uint64_t own_hash() const { return own_hash_; }

 private:
  void finish();

  std::string text_;
  std::size_t url_size_ = 0;
  std::size_t shared_size_ = 0;
  bool per_caller_ = false;
  std::uint64_t url_hash_ = 0;
  std::uint64_t shared_hash_ = 0;
  std::uint64_t own_hash_ = 0;
};

// Keyed by a secret of the process: who chooses keys cannot choose their places.
std::uint64_t hash_of(std::string_view text);

// "https://api.example.com" of a URL: up to the slash behind the authority.
std::string_view origin_of(std::string_view url);

}  // namespace tandem::cache
