// A stored answer. Immutable once made, shared by whoever sends it; its bytes are charged to the cache's account.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/http/message.h"
#include "gateway/cache/account.h"
#include "gateway/cache/block.h"
#include "gateway/cache/policy.h"
#include "gateway/cache/selection.h"

namespace tandem::cache {

inline constexpr std::size_t kMostGroups = 64;      // of one answer; RFC 9875 asks for 32
inline constexpr std::size_t kMostGroupSize = 256;  // bytes of a group's name

// What the maps of the store have for an entry.
inline constexpr std::size_t kIndexCost = 320;

// A body in pieces: all but the last are full.
struct Body {
  std::vector<std::shared_ptr<const Block>> blocks;
  std::uint64_t size = 0;

  // The bytes from `offset` to the end of the block that holds it. `offset` < size.
  std::string_view run_at(std::uint64_t offset) const;
};

// The fields with what is known of them. The answer's fields as a client gets them: without Age, framing, and what
// no-cache and private name; with a Date.
class StoredHead {
 public:
  struct Parts {
    int status = 200;
    const http::Fields& fields;
    const Directives& directives;
    Policy policy;
    Selection selection;
    Instant received{};     // of the head
    std::string_view date;  // of now, where the answer has none
    bool has_body = true;
  };
  explicit StoredHead(const Parts& parts);
  StoredHead(const StoredHead&) = delete;
  StoredHead& operator=(const StoredHead&) = delete;

  int status() const { return status_; }
  bool has_body() const { return has_body_; }
  const http::Fields& fields() const { return fields_; }
  const Policy& policy() const { return policy_; }
  const Selection& selection() const { return selection_; }
  std::span<const std::string> groups() const { return groups_; }

  Seconds age(Instant now) const;                // current_age (RFC 9111 §4.2.3)
  std::int64_t time_to_live(Instant now) const;  // seconds; negative: stale for so long
  bool is_fresh(Instant now) const { return time_to_live(now) > 0; }
  // How stale it may be used, in seconds, while it is asked for anew, and where that fails.
  bool usable_while_revalidating(Instant now) const;
  bool usable_on_error(Instant now) const;

  std::uint64_t cost() const;  // bytes
  void charge(Charge charge) { charge_ = std::move(charge); }

 private:
  const int status_;
  const bool has_body_;
  const Policy policy_;
  const Selection selection_;
  const Instant received_;
  std::vector<std::string> groups_;
  std::unique_ptr<char[]> text_;  // what fields_ point to
  std::size_t text_size_ = 0;
  http::Fields fields_;
  Charge charge_;
};

struct Entry {
  std::shared_ptr<const StoredHead> head;
  std::shared_ptr<const Body> body;
};

// The fields of a stored answer brought up to date by a 304's (RFC 9111 §3.2): each name that stands there replaces the
// stored one, but for what tells of the body. What the result points to belongs to the two.
http::Fields merged_fields(const http::Fields& stored, const http::Fields& not_modified);

// The groups of Cache-Groups or Cache-Group-Invalidation (RFC 9875): strings only, the rest of the list counts.
std::vector<std::string> groups_of(const http::Fields& fields, std::string_view field);

}  // namespace tandem::cache
