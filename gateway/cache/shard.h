// A part of a cache's index: entries by key, by URL and by group, in the order in which SIEVE lets them go. Guarded by
// whoever owns it; holds no bytes of bodies but through its entries.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/cache/entry.h"
#include "gateway/cache/key.h"

namespace tandem::cache {

inline constexpr std::size_t kMostVariants = 64;  // of one key; the oldest gives way

// SIEVE (Zhang et al., NSDI 2024): one queue, a mark for what was used, and a hand that walks from the oldest to the
// newest, taking marks away and evicting the first without one. A hit sets a mark and moves nothing.
class Shard {
 public:
  Shard();
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // The newest entry under this key (with its hash) that `request` selects; marked as used. Null: there is none.
  std::shared_ptr<const Entry> find(std::string_view key, std::uint64_t hash, const http::Fields& request);
  // How the newest answer under that key was chosen; null: there is none.
  const Selection* newest_selection(std::string_view key, std::uint64_t hash) const;

  // Replaces the entry that was chosen by the same values. `url`: of the key.
  void insert(std::string_view key, std::uint64_t hash, std::string_view url, std::uint64_t url_hash,
              std::shared_ptr<const Entry> entry);

  // Lets one entry go; false: there is none. Gives it, so that its memory is freed without the lock.
  bool evict(std::shared_ptr<const Entry>& gone);

  using Gone = std::vector<std::shared_ptr<const Entry>>;
  void erase_url(std::string_view url, std::uint64_t url_hash, Gone& gone);
  void erase_prefix(std::string_view prefix, Gone& gone);
  // `origin`: only entries of this origin; empty: of all.
  void erase_group(std::string_view group, std::string_view origin, Gone& gone);
  // This very entry, if it is still there.
  void erase_entry(std::string_view key, std::uint64_t hash, const Entry* entry, Gone& gone);

  std::size_t entries() const { return entries_; }

 private:
  struct Node;
  struct Slot;
  struct GroupLink;
  struct Hashed {
    std::string_view text;
    std::uint64_t hash;
    bool operator==(const Hashed& other) const { return hash == other.hash && text == other.text; }
  };
  struct HashedHash {
    std::size_t operator()(const Hashed& key) const { return key.hash; }
  };

  Slot* slot_of(std::string_view key, std::uint64_t hash) const;
  void link_groups(Node& node);
  static void unlink_group(GroupLink& link);
  std::shared_ptr<const Entry> erase(Node& node);  // its slot too when that becomes empty

  std::unordered_map<Hashed, std::unique_ptr<Slot>, HashedHash> slots_;
  std::unordered_map<std::uint64_t, Slot*> urls_;
  std::unordered_map<std::string, GroupLink*> groups_;
  Node* newest_ = nullptr;
  Node* oldest_ = nullptr;
  Node* hand_ = nullptr;
  std::size_t entries_ = 0;
};

}  // namespace tandem::cache
