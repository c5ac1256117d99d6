#include "common/process/top/view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "common/base/escape.h"

namespace tandem::process::top {
namespace {

using json::Value;

constexpr std::size_t kNameWidth = 28;
constexpr std::size_t kMostText = 512;  // bytes of one text of the program's

const Value& member(const Value& of, std::string_view name) {
  static const Value none;
  const Value* found = of.find(name);
  return found ? *found : none;
}

const std::vector<Value>& items(const Value& of, std::string_view name) {
  static const std::vector<Value> none;
  const auto* found = member(of, name).array();
  return found ? *found : none;
}

std::string text(const Value& value) {
  std::string shown;
  if (const std::string* own = value.text()) append_printable(shown, *own, kMostText);
  return shown.empty() ? "-" : shown;
}
std::string text(const Value& of, std::string_view name) { return text(member(of, name)); }

// As people read them: 7, 0.25, 12.3, 1234.
std::string number(const Value& value) {
  const auto known = value.number();
  if (!known) return "-";
  const double size = std::abs(*known);
  if (size == std::floor(size)) return fmt::format("{:.0f}", *known);
  return fmt::format("{:.{}f}", *known, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
std::string number(const Value& of, std::string_view name) { return number(member(of, name)); }

bool is_positive(const Value& of, std::string_view name) { return member(of, name).number().value_or(0) > 0; }

std::string milliseconds(const Value& of, std::string_view name) {
  const auto known = member(of, name).number();
  if (!known) return "-";
  return *known >= 1000 ? fmt::format("{:.2f}s", *known / 1000) : number(member(of, name)) + "ms";
}

std::string share(const Value& of) {
  const auto known = member(of, "share").number();
  return known ? fmt::format("{:.0f}%", *known * 100) : "-";
}

std::string uptime(const Value& status) {
  const auto known = member(status, "uptime_seconds").number();
  if (!known) return "-";
  const auto seconds = static_cast<std::uint64_t>(std::max(*known, 0.0));
  constexpr std::uint64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (seconds >= kDay) return fmt::format("{}d {}h", seconds / kDay, seconds % kDay / kHour);
  if (seconds >= kHour) return fmt::format("{}h {}m", seconds / kHour, seconds % kHour / kMinute);
  if (seconds >= kMinute) return fmt::format("{}m {}s", seconds / kMinute, seconds % kMinute);
  return fmt::format("{}s", seconds);
}

// In a column: cut or filled up. Names are mostly ASCII; others may stand a little off.
std::string left(std::string_view content, std::size_t width) {
  if (content.size() > width) {
    std::string cut;
    append_printable(cut, content, width - 1);
    return cut;
  }
  return fmt::format("{:<{}}", content, width);
}
std::string right(std::string_view content, std::size_t width) { return fmt::format("{:>{}}", content, width); }

Style style_of(std::string_view state) {
  if (state == "up" || state == "ready") return Style::good;
  if (state == "down" || state == "ejected" || state == "suspect") return Style::bad;
  return Style::warning;
}

Line process_line(const Value& status) {
  const Value& configuration = member(status, "configuration");
  const std::string state = text(status, "state");
  Line line = {{text(status, "program") + " " + text(status, "version"), Style::bold},
               {"  "},
               {state, style_of(state)},
               {fmt::format("  up {}  configuration {}", uptime(status), text(configuration, "generation"))}};
  const Value& reload = member(configuration, "last_reload");
  if (const std::string* result = member(reload, "result").string(); result && *result != "done") {
    line.push_back({"  the last reload failed: the old one goes on", Style::bad});
  }
  return line;
}

Line traffic_line(const Value& status) {
  const Value& traffic = member(status, "traffic");
  const std::string* program = member(status, "program").string();
  const char* unit = program && *program == "lb" ? "connections/s " : "requests/s ";
  const auto counted = [&](std::string_view what, std::string_view name, Style style) {
    return Piece{fmt::format("  {} {}", what, number(traffic, name)),
                 is_positive(traffic, name) ? style : Style::plain};
  };
  return {{unit + number(traffic, "rate"), Style::bold},
          counted("errors/s", "errors", Style::bad),
          counted("refused/s", "refused", Style::warning),
          {fmt::format("  p50 {}  p99 {}  open {}", milliseconds(traffic, "p50_ms"), milliseconds(traffic, "p99_ms"),
                       number(traffic, "active"))}};
}

const Value& traffic_of(const Value& status, std::string_view upstream, std::string_view server) {
  static const Value none;
  for (const Value& one : items(member(status, "traffic"), "servers")) {
    if (text(one, "upstream") == upstream && text(one, "server") == server) return one;
  }
  return none;
}

Line server_line(const Value& status, const Value& upstream, const Value& server) {
  const std::string name = text(server, "name"), state = text(server, "state");
  const Value& traffic = traffic_of(status, text(upstream, "name"), name);
  Line line = {
      {"  " + left(name, kNameWidth - 2) + " "},
      {left(state, 10), style_of(state)},
      {right(number(server, "weight"), 6) + right(number(server, "in_flight"), 10) + right(number(traffic, "rate"), 9) +
       right(share(traffic), 7) + right(milliseconds(server, "response_ms"), 10)}};
  if (const std::string why = text(server, "why"); why != "-") line.push_back({"  " + why, style_of(state)});
  return line;
}

void add_upstreams(const Value& status, std::vector<Line>& to) {
  const auto& upstreams = items(status, "upstreams");
  if (upstreams.empty()) return;
  to.push_back({});
  to.push_back({{left("UPSTREAM, SERVER", kNameWidth) + " " + left("STATE", 10) + right("WEIGHT", 6) +
                     right("IN FLIGHT", 10) + right("PICKS/s", 9) + right("SHARE", 7) + right("RESPONSE", 10) + "  WHY",
                 Style::dim}});
  for (const Value& upstream : upstreams) {
    const auto& servers = items(upstream, "servers");
    const auto up = std::ranges::count_if(servers, [](const Value& s) { return text(s, "state") == "up"; });
    const Style style = up == std::ssize(servers) ? Style::plain : up == 0 ? Style::bad : Style::warning;
    to.push_back({{left(text(upstream, "name"), kNameWidth) + " ", Style::bold},
                  {fmt::format("{}/{} up", up, servers.size()), style},
                  {fmt::format("  {}", text(upstream, "balance"))}});
    if (is_positive(upstream, "queued")) {
      to.back().push_back({fmt::format("  {} waiting", number(upstream, "queued")), Style::warning});
    }
    for (const Value& server : servers) to.push_back(server_line(status, upstream, server));
  }
}

// Routes of gateway, listeners of lb: a name and what came of it.
struct Column {
  const char* title;
  const char* member;
  bool is_time;
  Style style;  // where it is not 0
};

void add_table(const std::vector<Value>& rows, const char* title, std::span<const Column> columns,
               std::vector<Line>& to) {
  constexpr std::size_t kWidth = 10;
  if (rows.empty()) return;
  to.push_back({});
  std::string head = left(title, kNameWidth + 1);
  for (const Column& column : columns) head += right(column.title, kWidth);
  to.push_back({{head, Style::dim}});
  for (const Value& row : rows) {
    Line& line = to.emplace_back();
    line.push_back({left(text(row, "name"), kNameWidth) + " "});
    for (const Column& column : columns) {
      const std::string shown = column.is_time ? milliseconds(row, column.member) : number(row, column.member);
      const bool counts = !column.is_time && is_positive(row, column.member);
      line.push_back({right(shown, kWidth), counts ? column.style : Style::plain});
    }
  }
}

constexpr std::array<Column, 6> kRouteColumns = {{{"REQ/s", "rate", false, Style::plain},
                                                  {"P50", "p50_ms", true, Style::plain},
                                                  {"P99", "p99_ms", true, Style::plain},
                                                  {"4XX/s", "client_errors", false, Style::warning},
                                                  {"429/s", "too_many", false, Style::warning},
                                                  {"5XX/s", "errors", false, Style::bad}}};
constexpr std::array<Column, 3> kListenerColumns = {{{"CONN/s", "rate", false, Style::plain},
                                                     {"ERRORS/s", "errors", false, Style::bad},
                                                     {"REFUSED/s", "refused", false, Style::warning}}};

// The characters of UTF-8 that fit; a combining or double one may stand a little off.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

Line cut(const Line& line, std::size_t columns) {
  std::size_t all = 0;
  for (const Piece& piece : line) all += characters(piece.text);
  if (all <= columns) return line;
  Line shown;
  std::size_t room = columns - std::min<std::size_t>(columns, 1);  // the last one is "…"
  for (const Piece& piece : line) {
    Piece& last = shown.emplace_back(std::string(), piece.style);
    for (const char c : piece.text) {
      const bool begins = (c & 0xC0) != 0x80;
      if (begins && room == 0) {
        if (columns > 0) last.text += "…";
        return shown;
      }
      room -= begins;
      last.text += c;
    }
  }
  return shown;
}

std::string_view code(Style style) {
  switch (style) {
    case Style::bold: return "\x1b[1m";
    case Style::dim: return "\x1b[2m";
    case Style::good: return "\x1b[32m";
    case Style::warning: return "\x1b[33m";
    case Style::bad: return "\x1b[1;31m";
    case Style::plain: break;
  }
  return "";
}

}  // namespace

View view_of(const Value& status) {
  View view;
  view.head = {process_line(status), traffic_line(status)};
  add_upstreams(status, view.body);
  const Value& traffic = member(status, "traffic");
  add_table(items(traffic, "listeners"), "LISTENER", kListenerColumns, view.body);
  add_table(items(traffic, "routes"), "ROUTE", kRouteColumns, view.body);
  if (is_positive(traffic, "routes_quiet")) {
    view.body.push_back({{fmt::format("quieter routes: {}", number(traffic, "routes_quiet")), Style::dim}});
  }
  return view;
}

std::vector<Line> fit(const View& view, std::size_t rows, std::size_t columns, std::size_t& scroll) {
  std::vector<Line> lines;
  for (const Line& line : view.head) {
    if (lines.size() < rows) lines.push_back(cut(line, columns));
  }
  const std::size_t room = rows - lines.size();
  scroll = std::min(scroll, view.body.size() - std::min(view.body.size(), room));
  for (std::size_t i = scroll; i < view.body.size() && lines.size() < rows; ++i) {
    lines.push_back(cut(view.body[i], columns));
  }
  return lines;
}

std::string to_text(const Line& line, bool colours) {
  std::string out;
  for (const Piece& piece : line) {
    const std::string_view begin = colours ? code(piece.style) : std::string_view();
    out.append(begin).append(piece.text).append(begin.empty() ? "" : "\x1b[0m");
  }
  if (!colours) out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

}  // namespace tandem::process::top
