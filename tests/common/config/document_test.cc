#include "common/config/document.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

using namespace tandem::config;

namespace {

// A folder of files for one test.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("tandem-document-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_ / "conf.d");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  std::filesystem::path path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string errors_of(const std::string& path) {
  Diagnostics diagnostics;
  CHECK(!load_document(path, diagnostics));
  return diagnostics.render_errors();
}

}  // namespace

TEST_CASE("document: included files add their lists and named things, relative to the file that names them") {
  const Folder folder;
  folder.write("conf.d/a.toml", "include = [\"deeper.inc\"]\n[[route]]\nname = \"a\"\n[upstream.a]\n");
  folder.write("conf.d/b.toml", "[[route]]\nname = \"b\"\n[upstream.b]\n");
  folder.write("conf.d/deeper.inc", "[upstream.c]\n");
  Diagnostics diagnostics;
  const auto root = load_document(
      folder.write("main.toml", "include = [\"conf.d/*.toml\", \"none/*.toml\"]\n[[route]]\n[log]\n"), diagnostics);
  REQUIRE_MESSAGE(root, diagnostics.render_errors());
  CHECK(root->find("route")->array()->size() == 3);
  CHECK(root->find("upstream")->table()->size() == 3);
  CHECK(!root->find("include"));
  CHECK(diagnostics.file_count() == 4);
}

TEST_CASE("document: what stands in two files, and files that include each other, are errors") {
  const Folder folder;
  folder.write("conf.d/a.toml", "[log]\nlevel = \"info\"\n[upstream.a]\nx = 1\n");
  const std::string twice = errors_of(
      folder.write("twice.toml", "include = [\"conf.d/a.toml\"]\n[log]\nlevel = \"warn\"\n[upstream.a]\nx = 1\n"));
  CHECK(twice.find("\"log\" is already defined at ") != std::string::npos);
  CHECK(twice.find("upstream \"a\" is already defined at ") != std::string::npos);
  folder.write("two.toml", "include = [\"one.toml\"]\n");
  CHECK(errors_of(folder.write("one.toml", "include = [\"two.toml\"]\n")).find("includes itself") != std::string::npos);
  CHECK(errors_of(folder.write("both.toml", "include = [\"conf.d/a.toml\", \"conf.d/*.toml\"]\n"))
            .find("included twice") != std::string::npos);
}

TEST_CASE("document: the first syntax error of every file is said") {
  const Folder folder;
  folder.write("conf.d/a.toml", "x = \n");
  folder.write("conf.d/b.toml", "[y\n");
  const std::string said = errors_of(folder.write("main.toml", "include = [\"conf.d/*.toml\"]\n"));
  CHECK(said.find("a.toml:1:") != std::string::npos);
  CHECK(said.find("b.toml:1:") != std::string::npos);
}

TEST_CASE("document: missing files, folders, endless and very large ones are errors") {
  const Folder folder;
  CHECK(errors_of((folder.path() / "missing.toml").string()).find("no such file") != std::string::npos);
  CHECK(errors_of(folder.path().string()).find("is a directory") != std::string::npos);
  CHECK(errors_of("/dev/zero").find("larger than") != std::string::npos);
  const std::string large = folder.write("large.toml", "");
  std::filesystem::resize_file(large, 1'000'000'000);  // sparse: takes no space
  CHECK(errors_of(large).find("larger than") != std::string::npos);
}
