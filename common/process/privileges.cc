#include "common/process/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/base/log.h"

namespace tandem::process {
namespace {

std::unexpected<Error> cannot_become(const std::string& user, const char* what) {
  return fail_errno(Origin::internal, "cannot_become", "cannot become user \"" + user + "\": " + what, errno);
}

// Of all that root may do, ports below 1024 stay possible, also for the program on disk, should it take over. Somebody
// who does not have that, as in some containers, goes without. False: more than that could not be given up.
bool give_up_all_but_low_ports() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return false;
  const std::uint32_t wanted = sets[0].permitted & 1U << CAP_NET_BIND_SERVICE;
  sets = {};
  sets[0] = {.effective = wanted, .permitted = wanted, .inheritable = wanted};
  if (wanted != 0 && syscall(SYS_capset, &header, sets.data()) == 0) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0);
    return true;
  }
  log_info("ports below 1024 cannot be bound later on, by a reload");
  sets = {};
  return syscall(SYS_capset, &header, sets.data()) == 0;
}

}  // namespace

Result<void> become(const std::string& user) {
  errno = 0;
  const passwd* known = getpwnam(user.c_str());  // at start, with one thread that asks
  if (!known) {
    if (errno != 0) return cannot_become(user, "it cannot be looked up");
    return fail(Origin::internal, "cannot_become", "there is no user \"" + user + "\"");
  }
  if (geteuid() == known->pw_uid && getuid() == known->pw_uid) return {};
  if (geteuid() != 0) {
    return fail(Origin::internal, "cannot_become",
                "process.user is \"" + user + "\", but only root can become somebody else");
  }
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (initgroups(user.c_str(), known->pw_gid) != 0) return cannot_become(user, "its groups");
  if (setgid(known->pw_gid) != 0) return cannot_become(user, "its group");
  if (setuid(known->pw_uid) != 0) return cannot_become(user, "itself");
  if (!give_up_all_but_low_ports()) return cannot_become(user, "root's capabilities stay");
  if (known->pw_uid != 0 && setuid(0) == 0) {
    return fail(Origin::internal, "cannot_become", "still root after becoming \"" + user + "\"");
  }
  return {};
}

}  // namespace tandem::process
