// [[listener.match]] of lb.toml: its keys, and what is checked over several of them.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "common/config/section.h"
#include "lb/config.h"

namespace tandem::lb {

// What the file says, before names are resolved.
struct RawMatch {
  MatchConfig config;
  std::string upstream;
  config::Place place, sni_place, alpn_place, upstream_place;
};

const config::Section<RawMatch>& match_section();

// Says of every match that asks for nothing, and of whatever two of one listener would both take: the second would
// never be reached.
void check_matches(config::Reader& reader, std::span<const RawMatch> matches);

}  // namespace tandem::lb
