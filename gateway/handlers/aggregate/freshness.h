// How long an answer that was put together may be stored, and what it depends on: Cache-Control and Vary of all that it
// is made of, the strictest of each (RFC 9111 §5.2, RFC 9110 §12.5.5). Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/cache/policy.h"

namespace tandem::gateway {

class Freshness {
 public:
  // One answer of a service. The order of the calls decides the order of Vary's names.
  void add(const cache::Answered& answer);
  // Likewise, of answers that were added elsewhere.
  void add(const Freshness& other);
  // Something is missing: nobody may store it.
  void incomplete() { no_store_ = true; }

  // Values of fields; empty: there is no such field, for nobody has said anything.
  std::string cache_control() const;
  std::string vary() const;

 private:
  void add(const cache::Directives& said, const cache::Answered& answer);
  void add_names(std::string_view vary);

  bool any_ = false;     // answer at all
  bool says_ = false;    // one of them says something
  bool silent_ = false;  // one of them says nothing of how long
  bool no_store_ = false, private_ = false, no_cache_ = false;
  bool must_revalidate_ = false, proxy_revalidate_ = false, no_transform_ = false;
  bool all_public_ = true;
  bool all_while_revalidate_ = true, all_if_error_ = true;
  bool any_shared_ = false;
  cache::Seconds own_ = cache::kMostSeconds;     // of max-age, what is left of it
  cache::Seconds shared_ = cache::kMostSeconds;  // of s-maxage, or of max-age where there is none
  cache::Seconds while_revalidate_ = cache::kMostSeconds, if_error_ = cache::kMostSeconds;
  std::vector<std::string> names_;  // of Vary
  bool everything_ = false;         // Vary: *
};

}  // namespace tandem::gateway
