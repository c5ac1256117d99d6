#include "gateway/cache/shard.h"

#include <algorithm>
#include <span>
#include <utility>

namespace tandem::cache {

// A member of a group's list.
struct Shard::GroupLink {
  Node* node = nullptr;
  GroupLink* next = nullptr;
  GroupLink** link = nullptr;  // what points at this
};

struct Shard::Node {
  std::shared_ptr<const Entry> entry;
  Slot* slot = nullptr;
  Node* newer = nullptr;
  Node* older = nullptr;
  bool used = false;
  std::vector<GroupLink> groups;
};

struct Shard::Slot {
  std::string key;
  std::size_t url_size = 0;
  std::uint64_t hash = 0;
  std::uint64_t url_hash = 0;
  Slot* next_of_url = nullptr;               // others whose URL hashes alike
  std::vector<std::unique_ptr<Node>> nodes;  // the newest last

  std::string_view url() const { return std::string_view(key).substr(0, url_size); }
};

Shard::Shard() = default;
Shard::~Shard() = default;

Shard::Slot* Shard::slot_of(std::string_view key, std::uint64_t hash) const {
  const auto found = slots_.find({key, hash});
  return found == slots_.end() ? nullptr : found->second.get();
}

std::shared_ptr<const Entry> Shard::find(std::string_view key, std::uint64_t hash, const http::Fields& request) {
  Slot* slot = slot_of(key, hash);
  if (!slot) return nullptr;
  for (std::size_t i = slot->nodes.size(); i-- > 0;) {
    Node& node = *slot->nodes[i];
    if (!selects(node.entry->head->selection(), request)) continue;
    node.used = true;
    return node.entry;
  }
  return nullptr;
}

const Selection* Shard::newest_selection(std::string_view key, std::uint64_t hash) const {
  const Slot* slot = slot_of(key, hash);
  return slot ? &slot->nodes.back()->entry->head->selection() : nullptr;
}

void Shard::insert(std::string_view key, std::uint64_t hash, std::string_view url, std::uint64_t url_hash,
                   std::shared_ptr<const Entry> entry) {
  Slot* slot = slot_of(key, hash);
  if (!slot) {
    auto made = std::make_unique<Slot>();
    slot = made.get();
    slot->key = key;
    slot->url_size = url.size();
    slot->hash = hash;
    slot->url_hash = url_hash;
    slot->next_of_url = std::exchange(urls_[url_hash], slot);
    slots_.emplace(Hashed{slot->key, hash}, std::move(made));
  }
  auto node = std::make_unique<Node>();
  Node& added = *node;
  added.entry = std::move(entry);
  added.slot = slot;
  slot->nodes.push_back(std::move(node));
  added.older = newest_;
  (newest_ ? newest_->newer : oldest_) = &added;
  newest_ = &added;
  ++entries_;
  link_groups(added);
  const auto others = std::span(slot->nodes).first(slot->nodes.size() - 1);
  const Selection& selection = added.entry->head->selection();
  const auto same =
      std::ranges::find_if(others, [&](const auto& other) { return other->entry->head->selection() == selection; });
  if (same != others.end()) {
    added.used = (*same)->used;  // what was liked is liked anew
    erase(**same);
  } else if (slot->nodes.size() > kMostVariants) {
    erase(*slot->nodes.front());
  }
}

void Shard::link_groups(Node& node) {
  const auto names = node.entry->head->groups();
  node.groups.resize(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    GroupLink*& first = groups_[names[i]];
    GroupLink& link = node.groups[i];
    link = {&node, first, &first};
    if (first) first->link = &link.next;
    first = &link;
  }
}

void Shard::unlink_group(GroupLink& link) {
  *link.link = link.next;
  if (link.next) link.next->link = link.link;
}

std::shared_ptr<const Entry> Shard::erase(Node& node) {
  const auto names = node.entry->head->groups();
  for (std::size_t i = 0; i < node.groups.size(); ++i) {
    unlink_group(node.groups[i]);
    const auto group = groups_.find(names[i]);
    if (group != groups_.end() && !group->second) groups_.erase(group);
  }
  if (hand_ == &node) hand_ = node.newer;
  (node.older ? node.older->newer : oldest_) = node.newer;
  (node.newer ? node.newer->older : newest_) = node.older;
  --entries_;
  auto entry = std::move(node.entry);
  Slot& slot = *node.slot;
  std::erase_if(slot.nodes, [&](const auto& one) { return one.get() == &node; });
  if (!slot.nodes.empty()) return entry;
  const auto of_url = urls_.find(slot.url_hash);
  for (Slot** link = &of_url->second; *link; link = &(*link)->next_of_url) {
    if (*link != &slot) continue;
    *link = slot.next_of_url;
    break;
  }
  if (!of_url->second) urls_.erase(of_url);
  slots_.erase(slots_.find({slot.key, slot.hash}));
  return entry;
}

bool Shard::evict(std::shared_ptr<const Entry>& gone) {
  if (!oldest_) return false;
  Node* node = hand_ ? hand_ : oldest_;
  while (node->used) {
    node->used = false;
    node = node->newer ? node->newer : oldest_;
  }
  hand_ = node;  // erase() moves it on
  gone = erase(*node);
  return true;
}

void Shard::erase_url(std::string_view url, std::uint64_t url_hash, Gone& gone) {
  const auto of_url = urls_.find(url_hash);
  std::vector<Node*> found;
  for (Slot* slot = of_url == urls_.end() ? nullptr : of_url->second; slot; slot = slot->next_of_url) {
    if (slot->url() != url) continue;
    for (const auto& node : slot->nodes) found.push_back(node.get());
  }
  for (Node* node : found) gone.push_back(erase(*node));
}

void Shard::erase_prefix(std::string_view prefix, Gone& gone) {
  std::vector<Node*> found;
  for (Node* node = oldest_; node; node = node->newer) {
    if (node->slot->url().starts_with(prefix)) found.push_back(node);
  }
  for (Node* node : found) gone.push_back(erase(*node));
}

void Shard::erase_group(std::string_view group, std::string_view origin, Gone& gone) {
  const auto members = groups_.find(std::string(group));
  std::vector<Node*> found;
  for (GroupLink* link = members == groups_.end() ? nullptr : members->second; link; link = link->next) {
    if (origin.empty() || origin_of(link->node->slot->url()) == origin) found.push_back(link->node);
  }
  for (Node* node : found) gone.push_back(erase(*node));
}

void Shard::erase_entry(std::string_view key, std::uint64_t hash, const Entry* entry, Gone& gone) {
  Slot* slot = slot_of(key, hash);
  if (!slot) return;
  const auto found = std::ranges::find_if(slot->nodes, [&](const auto& node) { return node->entry.get() == entry; });
  if (found != slot->nodes.end()) gone.push_back(erase(**found));
}

}  // namespace tandem::cache
