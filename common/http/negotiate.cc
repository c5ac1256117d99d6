#include "common/http/negotiate.h"

#include <algorithm>

#include "common/http/byte_class.h"

namespace tandem::http {
namespace {

struct Element {
  std::string_view name;
  int weight;
};

Element read_element(std::string_view text) {
  const std::size_t end = std::min(text.find(';'), text.size());
  return {trim(text.substr(0, end)), weight_of(text.substr(std::min(end + 1, text.size())))};
}

}  // namespace

int weight_of(std::string_view parameters) {
  int wanted = 1000;
  while (!parameters.empty()) {
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = trim(parameters.substr(0, end));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
    if (parameter.size() < 3 || to_lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
    wanted = parameter[2] == '1' ? 1000 : 0;
    int weight = 100;
    for (const char c : parameter.substr(3)) {
      if (c == '.' || !is_digit(static_cast<unsigned char>(c))) continue;
      wanted = std::min(1000, wanted + (c - '0') * weight);
      weight /= 10;
    }
  }
  return wanted;
}

std::optional<int> coding_weight(std::string_view accept_encoding, std::string_view coding) {
  std::optional<int> named, any;
  for_each_element(accept_encoding, [&](std::string_view text) {
    const Element element = read_element(text);
    if (element.name == "*") {
      any = element.weight;
    } else if (equals_ignoring_case(element.name, coding)) {
      named = std::max(named.value_or(0), element.weight);
    }
  });
  return named ? named : any;
}

int media_weight(std::string_view accept, std::string_view type) {
  const std::string_view family = type.substr(0, type.find('/') + 1);
  int best = 0, precision = -1;
  bool listed = false;
  for_each_element(accept, [&](std::string_view text) {
    listed = true;
    const Element element = read_element(text);
    int precise = -1;
    if (equals_ignoring_case(element.name, type)) precise = 2;
    if (element.name == "*/*") precise = 0;
    if (element.name.ends_with("/*") && equals_ignoring_case(element.name.substr(0, element.name.size() - 1), family)) {
      precise = 1;
    }
    if (precise < precision || precise < 0) return;
    best = precise == precision ? std::max(best, element.weight) : element.weight;
    precision = precise;
  });
  return listed ? best : 1000;
}

}  // namespace tandem::http
