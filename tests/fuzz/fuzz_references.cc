// References in calls and bodies, and values from services that would like to be somewhere else: a text is compiled or
// refused at a place within it, and whatever a value is, the request target and the body keep their shape.
//
// Input: the path of a call, a line feed, a body, a line feed, then a JSON text whose values are filled in.
#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/path.h"
#include "gateway/handlers/aggregate/reference.h"
#include "gateway/handlers/aggregate/values.h"
#include "gateway/json/text.h"
#include "gateway/routing/template.h"
#include "tests/fuzz/require.h"

using namespace tandem;
using gateway::ReferenceValue;

namespace {

std::string_view take(std::string_view& text, char until) {
  const std::string_view taken = text.substr(0, text.find(until));
  text.remove_prefix(taken.size() < text.size() ? taken.size() + 1 : text.size());
  return taken;
}

// Every scalar of a text.
std::vector<ReferenceValue> values_of(std::string_view text) {
  std::vector<ReferenceValue> values;
  const auto document = json::Document::parse(std::string(text));
  if (!document) return values;
  const auto end = document->behind(0);
  for (json::Document::Node node = 0; node < end && values.size() < 8; ++node) {
    if (auto value = document->text(node)) values.push_back({*std::move(value), std::string(document->raw(node))});
  }
  return values;
}

std::size_t count(std::string_view text, char c) { return static_cast<std::size_t>(std::ranges::count(text, c)); }

void check_target(const routing::Template& path, const routing::TemplateValues& plain, const std::string& value) {
  const std::vector<std::string> references(path.references().size(), routing::escaped(value));
  routing::TemplateValues values = plain;
  values.references = references;
  std::string out, sample;
  if (!path.append_to(out, values)) return;
  for (const unsigned char c : out) require(c > ' ' && c < 0x7f && c != '#' && c != '\\');
  const std::vector<std::string> samples(references.size(), "x");
  values.references = samples;
  if (!path.append_to(sample, values)) return;
  for (const char c : {'/', '?', '&', '='}) require(count(out, c) == count(sample, c));
  // A service that reads escaped slashes as slashes finds itself at no other place.
  const auto path_of = [](std::string_view target) { return target.substr(0, target.find('?')); };
  std::string buffer;
  if (!http::normalize_path(path_of(sample), buffer, {.encoded_slashes = true})) return;  // the configuration's doing
  const auto normal = http::normalize_path(path_of(out), buffer, {.encoded_slashes = true});
  require(normal.has_value());
  require(count(*normal, '/') == count(path_of(out), '/'));
}

void check_body(const gateway::BodyTemplate& body, const std::vector<ReferenceValue>& values) {
  const std::size_t references = body.references().size();
  const auto sample = json::Document::parse(body.render(std::vector<ReferenceValue>(references, {"x", "0"})));
  require(sample.has_value());
  for (const ReferenceValue& value : values) {
    const auto made = json::Document::parse(body.render(std::vector<ReferenceValue>(references, value)));
    require(made.has_value());
    require(made->behind(0) == sample->behind(0));  // as many values as before
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto pattern = routing::parse_match("GET /home/{id}");
  const std::string_view call = take(input, '\n'), text = take(input, '\n');
  if (!json::is_utf8(call) || !json::is_utf8(text)) return 0;  // no configuration says it
  const std::vector<ReferenceValue> values = values_of(input);
  const std::vector<std::string_view> params = {"7"};
  routing::TemplateValues plain;
  plain.params = params;
  plain.path = "/home/7";
  const auto path = routing::Template::parse(call, *pattern, routing::Template::Names::params_and_references);
  if (!path) {
    require(path.error().offset <= call.size());
  } else {
    for (const auto& found : path->references()) {
      require(found.offset + found.text.size() <= call.size());
      if (const auto reference = gateway::parse_reference(found.text, *pattern); !reference) {
        require(reference.error().offset <= found.text.size());
      }
    }
    for (const ReferenceValue& value : values) check_target(*path, plain, value.text);
  }
  const auto body = gateway::BodyTemplate::parse(text, *pattern);
  if (!body) {
    require(body.error().offset <= text.size() && !body.error().what.empty());
  } else {
    check_body(*body, values);
  }
  return 0;
}
