// Ids of connections: short, unique on this machine for all practical time, and without meaning; and the random words
// that other ids are made of.
#pragma once
#include <cstdint>
#include <string>

namespace tandem {

// 13 characters of base 32 (65 bits): a random part of the process's own and a count. Any thread.
std::string new_connection_id();

// Evenly distributed and different in every thread and process; no secret may rest on it. Any thread.
std::uint64_t random_word();

// True with that likelihood: never for 0, always for 1. Any thread.
bool by_chance(double share);

}  // namespace tandem
