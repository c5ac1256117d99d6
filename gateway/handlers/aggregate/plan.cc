#include "gateway/handlers/aggregate/plan.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/json_writer.h"
#include "common/config/suggest.h"
#include "gateway/handlers/aggregate/placing.h"
#include "gateway/routing/destination.h"

namespace tandem::gateway {
namespace {

bool is_part_name(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && lower(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

// False where JSON has no such value.
bool write_json(JsonWriter& json, const config::Value& value) {
  bool good = true;
  if (value.text()) {
    json.value(*value.text());
  } else if (value.integer()) {
    json.value(*value.integer());
  } else if (value.boolean()) {
    json.value(*value.boolean());
  } else if (value.real()) {
    good = std::isfinite(*value.real());
    json.value(*value.real());
  } else if (value.array()) {
    json.begin_array();
    for (const config::Value& item : *value.array()) good = write_json(json, item) && good;
    json.end_array();
  } else if (value.table()) {
    json.begin_object();
    for (const config::Member& member : *value.table()) good = write_json(json.key(member.key), member.value) && good;
    json.end_object();
  } else {
    return false;
  }
  return good;
}

// One part after the other; what concerns several comes then.
class PlanMaker {
 public:
  PlanMaker(const RouteConfig& route, const routing::MatchPattern& pattern,
            const std::function<void(const PlanMistake&)>& report)
      : route_(route), pattern_(pattern), report_(report) {}

  AggregatePlan run() {
    for (const PartConfig& part : route_.parts) {
      names_.push_back(part.name);
      plan_.parts.emplace_back().name = part.name;
    }
    if (names_.size() > kMostParts) whole(route_.parts_place, fmt::format("more than {} parts", kMostParts));
    for (std::size_t i = 0; i < names_.size(); ++i) make(i);
    if (good_) find_cycles();
    if (good_) good_ = place_parts(plan_, route_, report_);
    if (const PlacedText& at = route_.aggregate.errors_at; !at.text.empty()) {
      if (auto path = read_path("errors_at", at, {})) plan_.errors_at = *std::move(path);
      if (std::ranges::any_of(plan_.errors_at, &json::Step::elements)) {
        whole(at.place, "errors_at: there is one place for it: no \"[]\"");
      }
    }
    return std::move(plan_);
  }

 private:
  void say(const std::string& part, config::Place place, std::string what, std::string text = {},
           std::optional<std::size_t> offset = std::nullopt) {
    good_ = false;
    report_({part, place, std::move(text), offset, std::move(what)});
  }
  void whole(config::Place place, std::string what) { say({}, place, std::move(what)); }
  void mistake(config::Place place, std::string what) { say(config_->name, place, std::move(what)); }
  void mistake(const PlacedText& in, std::size_t offset, std::string what) {
    say(config_->name, in.place, std::move(what), in.text, offset);
  }

  std::optional<json::Path> read_path(std::string_view key, const PlacedText& from, const std::string& part) {
    auto path = json::parse_path(from.text);
    if (path) return *std::move(path);
    say(part, from.place, fmt::format("{}: {}", key, path.error().text), from.text, path.error().offset);
    return std::nullopt;
  }

  void make(std::size_t index) {
    config_ = &route_.parts[index];
    part_ = &plan_.parts[index];
    part_->required = config_->required;
    part_->headers = config_->headers;
    // What the route itself puts into requests is meant for services.
    for (const auto* settings : {&route_.headers.request.set, &route_.headers.request.add}) {
      for (const FieldSetting& setting : *settings) part_->headers.push_back(setting.name);
    }
    check_name(index);
    read_each();
    read_call();
    read_body();
    check_each();
    read_shape();
    read_fallback();
    std::ranges::sort(part_->needs);
    for (const std::size_t need : part_->needs) plan_.parts[need].serves.push_back(index);
  }

  void check_name(std::size_t index) {
    const std::string& name = config_->name;
    if (!config_->name_place.known()) return;  // missing, which has been said
    if (!is_part_name(name)) {
      mistake(config_->name_place, "name: write lower-case letters, digits, _ and -, and a letter first");
    } else if (name == "each" || name == "rest") {
      mistake(config_->name_place, fmt::format("name: {{{}}} means something else already", name));
    } else if (pattern_.param_index(name)) {
      mistake(config_->name_place, fmt::format("name: {{{}}} is a parameter of `match`", name));
    } else if (std::ranges::find(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(index), name) !=
               names_.begin() + static_cast<std::ptrdiff_t>(index)) {
      mistake(config_->name_place, "name: another part of the route has it");
    }
  }

  std::optional<std::size_t> part_index(std::string_view name) const {
    const auto found = std::ranges::find(names_, name);
    return found == names_.end() ? std::nullopt : std::optional<std::size_t>(found - names_.begin());
  }

  std::string unknown(std::string_view name) const {
    return fmt::format("there is no part {}{}", config::quoted(name), config::did_you_mean(name, names_));
  }

  void need(std::size_t part) {
    if (std::ranges::find(part_->needs, part) == part_->needs.end()) part_->needs.push_back(part);
  }

  // A reference at `offset` of a text: the part that it speaks of must exist.
  void settle(Reference& reference, const PlacedText& in, std::size_t offset, std::string_view key) {
    using Kind = Reference::Kind;
    if (reference.kind == Kind::each || reference.kind == Kind::joined) {
      if (!config_->each.place.known()) {
        return mistake(in, offset, fmt::format("{}: {{each}} needs `each`: what it goes through", key));
      }
      (reference.kind == Kind::each ? says_each_ : says_joined_) = true;
      if (part_->each && reference.kind == Kind::joined) {
        if (part_->each->joined() && part_->each->separator != reference.separator) {
          return mistake(in, offset, fmt::format("{}: {{each:…}} stands there with another separator", key));
        }
        part_->each->separator = reference.separator;
      }
    }
    if (reference.kind != Kind::part) return;
    const auto part = part_index(reference.name);
    if (!part) {
      std::vector<std::string> known = names_;
      for (const std::string_view param : pattern_.params()) known.emplace_back(param);
      return mistake(in, offset,
                     fmt::format("{}: {{{}}}: there is no part or parameter {}{}", key, reference.name,
                                 config::quoted(reference.name), config::did_you_mean(reference.name, known)));
    }
    reference.index = *part;
    need(*part);
  }

  void read_call() {
    const PlacedText& call = config_->call;
    const std::string_view key = config_->method == http::Method::post ? "post" : "get";
    says_each_ = says_joined_ = false;
    if (!call.place.known()) return mistake(config_->place, "nobody is asked; write get = \"UPSTREAM PATH\"");
    auto destination = routing::parse_destination(call.text, pattern_, routing::Template::Names::params_and_references);
    if (!destination) {
      return mistake(call, destination.error().offset, fmt::format("{}: {}", key, destination.error().text));
    }
    if (destination->path.empty()) return mistake(call.place, fmt::format("{}: the path is missing", key));
    const std::size_t begin = call.text.find(' ') + 1;
    for (const routing::Template::Reference& found : destination->path.references()) {
      auto reference = parse_reference(found.text, pattern_);
      if (!reference) {
        mistake(call, begin + found.offset + reference.error().offset,
                fmt::format("{}: {}", key, reference.error().what));
        says_joined_ = says_joined_ || found.text.starts_with("each:");
        continue;
      }
      if (found.place == routing::Place::path && reference->separator.find_first_of("&|") != std::string::npos) {
        mistake(call, begin + found.offset, fmt::format("{}: in a path the separator has no \"&\" or \"|\"", key));
      }
      settle(*reference, call, begin + found.offset, key);
      part_->target_references.push_back(*std::move(reference));
    }
    part_->target = std::move(destination->path);
  }

  void read_body() {
    const PlacedText& body = config_->body;
    if (!body.place.known()) return;
    if (config_->method != http::Method::post) return mistake(body.place, "body: a `get` has none; write `post`");
    auto made = BodyTemplate::parse(body.text, pattern_);
    if (!made) return mistake(body, made.error().offset, "body: " + made.error().what);
    for (BodyTemplate::Found& found : made->references()) settle(found.reference, body, found.offset, "body");
    part_->body = *std::move(made);
  }

  void read_each() {
    const PlacedText& each = config_->each;
    if (!each.place.known()) return;
    const auto path = read_path("each", each, config_->name);
    if (!path) return;
    if (path->front().elements)
      return mistake(each, 0, "each: the name of a part comes first: \"orders[].product_id\"");
    const auto part = part_index(path->front().name);
    if (!part) return mistake(each, 0, "each: " + unknown(path->front().name));
    if (std::ranges::none_of(*path, &json::Step::elements)) {
      return mistake(each, 0,
                     "each: \"[]\" is missing: what is gone through is an array, as in \"orders[].product_id\"");
    }
    part_->each = {.part = *part, .path = {path->begin() + 1, path->end()}, .separator = {}, .by = {}};
    need(*part);
  }

  void check_each() {
    const PlacedText& by = config_->by;
    if (part_->each && !says_each_ && !says_joined_) {
      mistake(config_->each.place, "each: nothing in the call says {each}: all calls would be the same");
    }
    if (says_each_ && says_joined_) mistake(config_->each.place, "each: {each} and {each:,} contradict each other");
    if (part_->each && !config_->put.place.known()) {
      mistake(config_->each.place, "each: `put` is missing: where the results go");
    }
    if (!by.place.known()) return;
    if (!says_joined_) return mistake(by.place, "by: only what {each:,} has joined is taken apart again");
    auto path = read_path("by", by, config_->name);
    if (!path || !part_->each) return;
    if (std::ranges::any_of(*path, &json::Step::elements))
      mistake(by, 0, "by: a value stands for one element: no \"[]\"");
    part_->each->by = *std::move(path);
  }

  void shape(std::string_view key, const PlacedText& text, const auto& apply) {
    const auto path = read_path(key, text, config_->name);
    if (!path) return;
    if (const auto applied = apply(*path); !applied) mistake(text, 0, fmt::format("{}: {}", key, applied.error()));
  }

  void read_shape() {
    if (auto pointer = json::parse_pointer(config_->take.text)) {
      part_->take = *std::move(pointer);
    } else {
      mistake(config_->take, pointer.error().offset, "take: " + pointer.error().text);
    }
    json::Shape& made = part_->shape;
    for (const PlacedText& text : config_->keep) shape("keep", text, [&](const json::Path& p) { return made.keep(p); });
    for (const PlacedText& text : config_->drop) shape("drop", text, [&](const json::Path& p) { return made.drop(p); });
    for (const auto& [text, name] : config_->rename) {
      shape("rename", text, [&](const json::Path& p) { return made.rename(p, name); });
    }
    if (config_->as_string && (!made.is_all() || !part_->take.empty())) {
      mistake(config_->place, "a body that is taken as a string has no places: no take, keep, drop or rename");
    }
    if (config_->as_string && !config_->put.place.known()) {
      mistake(config_->place, "`put` is missing: a string has no members that could be merged");
    }
  }

  void read_fallback() {
    if (!config_->fallback) return;
    const config::Place place = config_->fallback_place;
    if (config_->required) mistake(place, "fallback: `required` says that there is no answer without the part");
    std::string text;
    JsonWriter json(text);
    if (!write_json(json, *config_->fallback)) return mistake(place, "fallback: JSON has no such value");
    auto document = json::Document::parse(std::move(text));
    if (!document) return mistake(place, fmt::format("fallback: {}", document.error()));
    if (!config_->put.place.known() && !document->is(0, json::Document::Kind::object)) {
      return mistake(place, "fallback: a part without `put` is an object: { … }");
    }
    part_->fallback = *std::move(document);
  }

  // Depth first; a part that is met again while it is being looked at waits for itself.
  void find_cycles() {
    std::vector<std::size_t> way;
    std::vector<bool> done(plan_.parts.size());
    for (std::size_t i = 0; i < plan_.parts.size(); ++i) visit(i, way, done);
  }

  void visit(std::size_t part, std::vector<std::size_t>& way, std::vector<bool>& done) {
    if (done[part]) return;
    if (const auto again = std::ranges::find(way, part); again != way.end()) {
      std::vector<std::string> names;
      for (auto it = again; it != way.end(); ++it) names.push_back(names_[*it]);
      names.push_back(names_[part]);
      const PartConfig& first = route_.parts[*again];
      return say(first.name, first.call.place, fmt::format("waits for itself: {}", fmt::join(names, " -> ")));
    }
    way.push_back(part);
    for (const std::size_t need : plan_.parts[part].needs) visit(need, way, done);
    way.pop_back();
    done[part] = true;
  }

  const RouteConfig& route_;
  const routing::MatchPattern& pattern_;
  const std::function<void(const PlanMistake&)>& report_;
  AggregatePlan plan_;
  std::vector<std::string> names_;
  const PartConfig* config_ = nullptr;  // the part at which it is
  PartPlan* part_ = nullptr;
  bool says_each_ = false, says_joined_ = false;
  bool good_ = true;
};

}  // namespace

AggregatePlan make_plan(const RouteConfig& route, const routing::MatchPattern& pattern,
                        const std::function<void(const PlanMistake&)>& report) {
  return PlanMaker(route, pattern, report).run();
}

}  // namespace tandem::gateway
