// What is checked between the parts of a configuration once all of it is read.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/reader.h"
#include "common/config/sections.h"

namespace tandem::config {

// Something that is named, or listens, and where the file says so.
struct Defined {
  std::string name;
  Place place;
};

// Says of every thing after the first of its name: `route "a" is already defined at lb.toml:3:1`.
void check_unique(Reader& reader, std::string_view what, std::span<const Defined> things);

// The index of the thing with this name; else says `upstream "gatways" is not defined; did you mean "gateways"?`.
std::optional<std::size_t> resolve(Reader& reader, std::string_view what, const std::string& name, Place place,
                                   std::span<const Defined> things);

// Warns of every thing that `used` leaves out.
void warn_unused(Reader& reader, std::string_view what, std::span<const Defined> things, const std::vector<bool>& used);

// Says that two listeners (or a listener and admin) have one address, or that one listens on all addresses of the
// port that another has one of. Port 0 is another port each time.
struct Listening {
  Address address;
  Place place;
  std::string what;  // `listener "public"`, `admin`
};
void check_listening(Reader& reader, std::span<const Listening> all);

// Whether a connection to `server` arrives at a socket of this machine that listens on `listen`.
bool reaches(const Address& server, const Address& listen);

// A listener whose traffic would come back to itself: says so at the listener's address.
void check_loop(Reader& reader, const Address& listen, Place place, const balance::UpstreamOptions& upstream);

// The listener and the upstream of `run --listen ADDRESS --to A,B`; the text says what is wrong, one line each.
std::string read_quick(std::string_view listen, const std::vector<std::string>& to, Address& address,
                       balance::UpstreamOptions& upstream);

}  // namespace tandem::config
