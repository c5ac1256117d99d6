// Golden files: NAME.toml and, beside it, NAME.errors with what loading must say. TANDEM_GOLDEN=update in the
// environment writes what was said instead of comparing it; read the difference before you commit it.
#pragma once
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace tandem::test {

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// `said(path)` gives what loading the file says.
template <class Said>
void check_golden(std::string_view folder, Said said) {
  std::vector<std::filesystem::path> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") inputs.push_back(entry.path());
  }
  std::ranges::sort(inputs);
  REQUIRE(!inputs.empty());
  const char* mode = std::getenv("TANDEM_GOLDEN");
  for (const auto& input : inputs) {
    std::filesystem::path expected = input;
    expected.replace_extension(".errors");
    const std::string text = said(input.string());
    if (mode && std::string_view(mode) == "update") std::ofstream(expected, std::ios::binary) << text;
    CHECK_MESSAGE(text == file_text(expected), input.string());
  }
}

// A file that is gone when the test ends. Tests run side by side: names are unique by process.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, std::string_view text)
      : path_(std::filesystem::temp_directory_path() / ("tandem-" + std::to_string(::getpid()) + "-" + name)) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace tandem::test
