// Workers that end a connection nobody misses when another worker's client waits at a limit. The list is everyone's; a
// maker is called on the thread that it joined on.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

namespace tandem::net {
class Reactor;
}

namespace tandem::process {

class ConnectionLimit;

class RoomMaker {
 public:
  // `full`: a connection that counts there should end. It says which limit is meant, no more: it may be gone.
  virtual void make_room_at(const ConnectionLimit* full) noexcept = 0;

 protected:
  ~RoomMaker() = default;
};

class RoomMakers {
 public:
  // On the maker's thread, as long as it may be called. Outlived by the list and by the thread's reactor.
  class Membership {
   public:
    Membership(RoomMakers& makers, RoomMaker& maker);
    ~Membership();
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

   private:
    RoomMakers& makers_;
    const std::shared_ptr<RoomMaker*> maker_;  // empty once it has left: what was posted finds nobody
  };

  // From any worker: asks those of the other threads.
  void ask_others(const ConnectionLimit& full);

 private:
  struct Member {
    net::Reactor* reactor;
    std::shared_ptr<RoomMaker*> maker;
  };
  std::mutex mutex_;
  std::vector<Member> members_;
};

}  // namespace tandem::process
