// The dashboard: one page with its scripts and its style, part of the binary. What it shows it asks for itself, of the
// same admin address (GET /status, GET /history and what the program adds); it needs nobody else.
#pragma once
#include <span>
#include <string_view>

namespace tandem::observe {

class Admin;

struct PageFile {
  std::string_view path;  // below "/"; empty: the page itself
  std::string_view bytes;
};

// Made at build from common/observe/page/ and Debian's Chart.js.
std::span<const PageFile> page_files();

// GET / and its files. They hold nothing of the program's, so that no token is asked for.
void add_page(Admin& admin);

}  // namespace tandem::observe
