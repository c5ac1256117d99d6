#include "common/process/upgrade_state.h"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <iterator>

#include <fmt/format.h>

namespace tandem::process {
namespace {

constexpr std::string_view kFirstLine = "tandem-upgrade 1";
constexpr std::string_view kHex = "0123456789abcdef";

// Bytes that would end a field or a line are written as %XX.
class Line {
 public:
  explicit Line(std::string& out, std::string_view kind) : out_(out) { out_ += kind; }
  ~Line() { out_ += '\n'; }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  Line& text(std::string_view text) {
    out_ += '\t';
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte != 0x7f && byte != '%') {
        out_ += c;
      } else {
        out_ += '%';
        out_ += kHex[byte >> 4];
        out_ += kHex[byte & 15];
      }
    }
    return *this;
  }
  Line& number(std::uint64_t number) {
    fmt::format_to(std::back_inserter(out_), "\t{}", number);
    return *this;
  }
  Line& when(Instant when) { return number(static_cast<std::uint64_t>(when.time_since_epoch().count())); }

 private:
  std::string& out_;
};

// The fields of one line, in their order; good() says at the end whether all of them could be read.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  std::string_view raw() {
    if (!more_) {
      good_ = false;
      return {};
    }
    const auto tab = rest_.find('\t');
    const std::string_view field = rest_.substr(0, tab);
    more_ = tab != std::string_view::npos;
    if (more_) rest_.remove_prefix(tab + 1);
    return field;
  }
  std::string text() {
    const std::string_view field = raw();
    std::string text;
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field[i] != '%') {
        text += field[i];
        continue;
      }
      unsigned byte = 0;
      const char* end = field.data() + std::min(i + 3, field.size());
      const auto read = std::from_chars(field.data() + i + 1, end, byte, 16);
      if (read.ptr != field.data() + i + 3 || read.ec != std::errc()) good_ = false;
      text += static_cast<char>(byte);
      i += 2;
    }
    return text;
  }
  template <std::unsigned_integral T = std::uint64_t>
  T number() {
    const std::string_view field = raw();
    T number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (error != std::errc() || end != field.data() + field.size()) good_ = false;
    return number;
  }
  Instant when() { return Instant(Duration(static_cast<Duration::rep>(number()))); }
  bool flag() { return one_of(1) == 1; }
  std::uint8_t one_of(std::uint8_t last) {
    const auto value = number<std::uint8_t>();
    if (value > last) good_ = false;
    return value <= last ? value : 0;
  }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool more_ = true;
  bool good_ = true;
};

void write_server(std::string& out, const balance::ServerMemory& server) {
  const auto& health = server.health;
  Line line(out, "server");
  line.text(server.upstream).text(server.address).text(server.name);
  line.number(static_cast<std::uint8_t>(health.health)).number(health.draining).number(health.was_up);
  line.number(health.passed_in_a_row).number(health.failed_in_a_row).number(health.outcomes);
  line.number(health.last_passed).text(health.last_what).when(health.last_at);
  line.number(static_cast<std::uint8_t>(server.admin)).number(static_cast<std::uint8_t>(server.last_failure));
  line.number(server.runtime_weight).number(server.response).number(server.connect);
  line.number(server.picks).number(server.failures).when(server.available_since).when(server.ejected_until);
}

balance::ServerMemory read_server(Fields& fields) {
  balance::ServerMemory server;
  server.upstream = fields.text();
  server.address = fields.text();
  server.name = fields.text();
  auto& health = server.health;
  health.health = static_cast<balance::Health>(fields.one_of(static_cast<std::uint8_t>(balance::Health::down)));
  health.draining = fields.flag();
  health.was_up = fields.flag();
  health.passed_in_a_row = fields.number<std::uint32_t>();
  health.failed_in_a_row = fields.number<std::uint32_t>();
  health.outcomes = fields.number();
  health.last_passed = fields.flag();
  health.last_what = fields.text();
  health.last_at = fields.when();
  server.admin = static_cast<balance::Admin>(fields.one_of(static_cast<std::uint8_t>(balance::Admin::disabled)));
  constexpr auto kLastFailure = static_cast<std::uint8_t>(balance::FailureKind::tls);
  server.last_failure = static_cast<balance::FailureKind>(fields.one_of(kLastFailure));
  server.runtime_weight = fields.number();
  server.response = fields.number();
  server.connect = fields.number();
  server.picks = fields.number();
  server.failures = fields.number();
  server.available_since = fields.when();
  server.ejected_until = fields.when();
  return server;
}

void write_discovered(std::string& out, const balance::DiscoveredMemory& known) {
  Line line(out, "discovered");
  line.text(known.upstream).text(known.server.address.to_string()).text(known.server.name);
  line.number(known.server.weight).number(known.server.max_connections).number(known.server.backup);
}

std::optional<balance::DiscoveredMemory> read_discovered(Fields& fields) {
  balance::DiscoveredMemory known;
  known.upstream = fields.text();
  auto address = Address::parse(fields.text());
  if (!address) return std::nullopt;
  known.server.address = *std::move(address);
  known.server.name = fields.text();
  known.server.weight = fields.number<std::uint32_t>();
  known.server.max_connections = fields.number<std::uint32_t>();
  known.server.backup = fields.flag();
  return known;
}

bool read_line(std::string_view text, UpgradeState& state) {
  Fields fields(text);
  const std::string_view kind = fields.raw();
  if (kind == "server") {
    state.servers.push_back(read_server(fields));
  } else if (kind == "discovered") {
    auto known = read_discovered(fields);
    if (!known) return false;
    state.discovered.push_back(*std::move(known));
  } else if (kind == "note") {
    ProgramNote& note = state.notes.emplace_back();
    note.kind = fields.text();
    note.name = fields.text();
    note.text = fields.text();
  } else if (kind == "socket") {
    std::string name = fields.text();
    auto address = Address::parse(fields.text());
    if (!address) return false;
    state.sockets.push_back({std::move(name), *std::move(address)});
  }
  return fields.good();
}

}  // namespace

std::string write_upgrade_state(const UpgradeState& state) {
  std::string out = std::string(kFirstLine) + '\n';
  for (const ListenerAddress& socket : state.sockets) {
    Line(out, "socket").text(socket.name).text(socket.address.to_string());
  }
  for (const balance::ServerMemory& server : state.servers) write_server(out, server);
  for (const balance::DiscoveredMemory& known : state.discovered) write_discovered(out, known);
  for (const ProgramNote& note : state.notes) Line(out, "note").text(note.kind).text(note.name).text(note.text);
  return out;
}

Result<UpgradeState> read_upgrade_state(std::string_view text) {
  UpgradeState state;
  for (std::size_t number = 1; !text.empty() || number == 1; ++number) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (number == 1 ? line == kFirstLine : read_line(line, state)) continue;
    return fail(Origin::internal, "upgrade_state", fmt::format("line {} cannot be read", number));
  }
  return state;
}

}  // namespace tandem::process
