#include "common/process/room_makers.h"

#include "common/net/reactor.h"

namespace tandem::process {

RoomMakers::Membership::Membership(RoomMakers& makers, RoomMaker& maker)
    : makers_(makers), maker_(std::make_shared<RoomMaker*>(&maker)) {
  const std::lock_guard lock(makers_.mutex_);
  makers_.members_.push_back({&net::Reactor::current(), maker_});
}

RoomMakers::Membership::~Membership() {
  const std::lock_guard lock(makers_.mutex_);
  std::erase_if(makers_.members_, [this](const Member& member) { return member.maker == maker_; });
  *maker_ = nullptr;
}

void RoomMakers::ask_others(const ConnectionLimit& full) {
  const std::lock_guard lock(mutex_);  // a reactor lives as long as its maker is a member
  for (const Member& member : members_) {
    if (member.reactor == &net::Reactor::current()) continue;
    member.reactor->post([maker = member.maker, limit = &full] {
      if (*maker) (*maker)->make_room_at(limit);
    });
  }
}

}  // namespace tandem::process
