// A configuration file of any bytes: parsing, the shared sections, dump, and messages about all of it. Nothing may
// crash, and a line that gives a secret may not be shown. Includes are not followed: they would read the machine's
// files.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/config/checks.h"
#include "common/config/parse.h"
#include "common/config/shared_sections.h"

namespace {

using namespace tandem;
using namespace tandem::config;

struct RawUpstream {
  balance::UpstreamOptions options;
  Place place;
};
struct Root {
  ProcessConfig process;
  AdminConfig admin;
  LogConfig log;
  std::vector<RawUpstream> upstreams;
};

const Section<Root>& root_section() {
  static const Section<RawUpstream> upstream =
      Section<RawUpstream>().include(upstream_section(), &RawUpstream::options);
  static const Section<Root> section =
      Section<Root>()
          .field("process", &Root::process, table(process_section()), "")
          .field("admin", &Root::admin, table(admin_section()), "")
          .field("log", &Root::log, table(log_section()), "")
          .field("upstream", &Root::upstreams,
                 named<RawUpstream>(
                     "upstream", upstream, [](RawUpstream& u) -> std::string& { return u.options.name; },
                     &RawUpstream::place),
                 "");
  return section;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Diagnostics diagnostics;
  const std::uint32_t file = diagnostics.add_file("f.toml", std::string(reinterpret_cast<const char*>(data), size));
  const auto document = parse_toml(file, diagnostics);
  if (!document && !diagnostics.has_errors()) std::abort();
  Root root;
  if (document) {
    Reader reader(diagnostics);
    const bool good = root_section().read(reader, *document, root);
    if (good == diagnostics.has_errors()) std::abort();
    check_admin(reader, root.admin);
    // What dump shows of a good file is a good file again, but for texts that only this program would write.
    if (good) {
      const std::uint32_t again = diagnostics.add_file("dump.toml", to_toml(root_section().show(root)));
      if (!parse_toml(again, diagnostics)) std::abort();
    }
  }
  const std::string said = diagnostics.render_errors() + diagnostics.render_warnings();
  if (said.find('\0') != std::string::npos || said.find('\x1b') != std::string::npos) std::abort();
  return 0;
}
