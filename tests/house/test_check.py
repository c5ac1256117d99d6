"""scripts/check finds what it is there to find: each test plants one breach in a small tree and reads the verdict."""
import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parents[2] / "scripts/check"


def check(tree, name):
    run = subprocess.run([CHECK, "--root", tree, name], capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


@pytest.fixture
def tree(tmp_path):
    plant(tmp_path, "common/net/socket.h", "#pragma once\n#include <uv.h>\nclass Socket {\n public:\n  void close();\n};\n")
    plant(tmp_path, "lb/session.cc", '#include "common/net/socket.h"\nvoid run() {}\n')
    plant(tmp_path, ".clang-format", "BasedOnStyle: Google\n")
    plant(tmp_path, "README.md", "A `Socket` in `common/net/socket.h`, `Socket::close()`, `run()`.\n")
    return tmp_path


def plant(tree, name, text):
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text)


@pytest.mark.parametrize("name", ["includes", "sizes", "layout", "readme", "format"])
def test_a_clean_tree_passes(tree, name):
    assert check(tree, name) == (0, "")


@pytest.mark.parametrize("file, include", [
    ("common/base/clock.h", '"common/net/socket.h"'),      # upwards
    ("common/net/socket.h", '"lb/session.h"'),             # a shared room knows a program
    ("lb/session.cc", '"gateway/server.h"'),               # sideways
    ("gateway/routing/table.cc", '"gateway/server.h"'),    # a low room knows its program
    ("lb/session.cc", "<uv.h>"),
    ("common/process/loop.cc", "<sys/epoll.h>"),
    ("common/http/tls.cc", "<openssl/ssl.h>"),
    ("gateway/server.cc", "<llhttp.h>"),
    ("common/observe/page.cc", "<toml++/toml.h>"),
    ("lb/session.cc", '"../common/net/socket.h"'),
    ("lb/session.cc", '"tests/support/origin.h"'),
])
def test_a_wrong_include_is_found(tree, file, include):
    plant(tree, file, f"#include {include}\n")
    status, said = check(tree, "includes")
    assert status == 1 and f"{file}:1:" in said


def test_the_command_line_library_in_a_second_file_is_found(tree):
    plant(tree, "common/process/options.cc", "#include <CLI/CLI.hpp>\n")
    assert check(tree, "includes")[0] == 0
    plant(tree, "lb/other.cc", "#include <CLI/CLI.hpp>\n")
    assert check(tree, "includes")[0] == 1


def test_a_source_outside_every_room_is_found(tree):
    plant(tree, "common/misc/helpers.cc", "\n")
    assert "lies in no room" in check(tree, "includes")[1]


def test_a_long_file_is_found(tree):
    plant(tree, "lb/session.cc", "\n" * 401)
    assert check(tree, "sizes") == (1, "lb/session.cc:401: 401 lines; a file has at most 400, so give its second job a "
                                       "file of its own\n")


def test_a_stranger_at_the_top_level_is_found(tree):
    plant(tree, "utils/x.py", "")
    assert check(tree, "layout")[0] == 1


@pytest.mark.parametrize("name", ["`lb/gone.cc`", "`common/gone/`", "`Socket::gone()`", "`Gone::close()`", "`gone()`",
                                  "`GoneType`"])
def test_a_name_in_the_readme_that_is_gone_is_found(tree, name):
    plant(tree, "README.md", f"First line.\nSee {name}.\n")
    status, said = check(tree, "readme")
    assert status == 1 and said.startswith("README.md:2:")


def test_unformatted_code_is_found(tree):
    plant(tree, "lb/session.cc", "void  run( ){ }\n")
    assert check(tree, "format")[0] == 1


def test_an_unknown_check_is_wrong_usage(tree):
    assert check(tree, "everything")[0] == 2
