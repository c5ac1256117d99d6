#include "common/config/tls_section.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "common/config/load.h"
#include "tests/common/net/tls_pairs.h"
#include "tests/support/golden.h"

using namespace tandem;
using namespace tandem::config;
using net::test::issue;
using net::test::Issued;
using test::TemporaryFile;

namespace {

struct Root {
  std::optional<ListenerTls> tls;
  balance::UpstreamOptions upstream;
};

const Section<Root>& root() {
  static const Section<balance::UpstreamOptions> upstream =
      Section<balance::UpstreamOptions>().field("upstream", &balance::UpstreamOptions::tls, upstream_tls(), "");
  static const Section<Root> section =
      Section<Root>().field("tls", &Root::tls, listener_tls(), "").include(upstream, &Root::upstream);
  return section;
}

LoadResult<Root> load(const std::string& text) {
  const TemporaryFile file("tls.toml", text);
  return load_file<Root>(file.path(), root(), [](Root& raw, Reader& reader) {
    settle_tls(reader, "front", raw.tls, {"http/1.1"});
    return raw;
  });
}

std::string certificates(const std::string& cert, const std::string& key) {
  return "[[tls.certificates]]\ncert = \"\"\"" + cert + "\"\"\"\nkey = \"\"\"" + key + "\"\"\"\n";
}

bool says(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("tls section: texts that belong together become a context, and the key is never shown") {
  const Issued one = issue("a.example", "DNS:a.example");
  const auto loaded = load(certificates(one.certificate, one.key));
  CHECK(loaded.errors == "");
  CHECK(loaded.warnings == "");
  REQUIRE(loaded);
  CHECK(loaded.config->tls->context);
  const std::string shown = to_toml(root().show(*loaded.config));
  CHECK(says(shown, "BEGIN CERTIFICATE"));
  CHECK(!says(shown, "PRIVATE KEY"));
  CHECK(says(shown, "********"));
}

TEST_CASE("tls section: paths and { file } are the same, are shown as paths, and open keys are warned of") {
  const Issued one = issue("a.example", "DNS:a.example");
  const TemporaryFile cert("a.pem", one.certificate), key("a.key", one.key);
  ::chmod(key.path().c_str(), 0644);
  const auto loaded =
      load("[[tls.certificates]]\ncert = \"" + cert.path() + "\"\nkey = { file = \"" + key.path() + "\" }\n");
  REQUIRE(loaded);
  CHECK(says(loaded.warnings, "can be read by every user of this machine"));
  CHECK(says(to_toml(root().show(*loaded.config)), key.path()));
}

TEST_CASE("tls section: a key of another certificate is refused, an expired certificate is warned of") {
  const Issued one = issue("a.example", "DNS:a.example");
  const Issued other = issue("b.example", "DNS:b.example");
  const Issued old = issue("c.example", "DNS:c.example", nullptr, false, -7200, -3600);
  CHECK(says(load(certificates(one.certificate, other.key)).errors, "the key is not that of the certificate"));
  const auto expired = load(certificates(old.certificate, old.key));
  CHECK(expired);
  CHECK(says(expired.warnings, "expired on "));
}

TEST_CASE("tls section: an upstream without verification is warned of, and a certificate needs its key") {
  const auto off = load("upstream = { verify = \"off\" }\n");
  REQUIRE(off);
  CHECK(off.config->upstream.tls->context);
  CHECK(says(off.warnings, "verify = \"off\""));
  const Issued one = issue("a.example", "DNS:a.example");
  const auto half = load("[upstream]\ncertificate = \"\"\"" + one.certificate + "\"\"\"\n");
  CHECK(says(half.errors, "\"certificate\" needs its \"key\""));
  const auto whole =
      load("[upstream]\nserver_name = \"A.example\"\nverify = \"\"\"" + one.certificate +
           "\"\"\"\ncertificate = \"\"\"" + one.certificate + "\"\"\"\nkey = \"\"\"" + one.key + "\"\"\"\n");
  CHECK(whole.errors == "");
  REQUIRE(whole);
  CHECK(whole.config->upstream.tls->server_name == "a.example");
  CHECK(!says(to_toml(root().show(*whole.config)), "PRIVATE KEY"));
}
