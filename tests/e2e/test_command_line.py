"""What a person meets at the command line: usage, configurations with mistakes, an address that is taken."""
import socket

import pytest

from tandem import gateway_config, lb_config, run

BOTH = pytest.mark.parametrize("program", ["lb", "gateway"])
MISTAKES = '''\
[[listener]]
name = "front"
listen = "127.0.0.1:0"
tmieout = { idle = "5s" }

[upstream.service]
servers = ["127.0.0.1:9"]
balance = "fairly"

[[route]]
name = "all"
match = "/{rest...}"
to = "nowhere"
public = true
timeout = "5 sec"
'''


@BOTH
def test_help_and_version(program):
    assert run(program, "--help").returncode == 0
    version = run(program, "--version")
    assert version.returncode == 0 and program in version.stdout


@BOTH
@pytest.mark.parametrize("arguments", [["--nonsense"], ["run"], ["check"], ["run", "-c", "missing.toml"],
                                       ["check", "-c", "missing.toml"]])
def test_wrong_usage_ends_with_2_and_says_why(program, arguments, tmp_path):
    ended = run(program, *arguments, folder=tmp_path)
    assert ended.returncode == 2 and ended.stderr.strip()


@pytest.mark.parametrize("command", ["check", "run"])
def test_all_mistakes_of_meaning_come_in_one_go_with_their_places(command, tmp_path):
    (tmp_path / "gateway.toml").write_text(MISTAKES)
    ended = run("gateway", command, "-c", "gateway.toml", folder=tmp_path)
    assert ended.returncode == 2
    lines = ended.stderr.splitlines()
    errors = [line for line in lines if ": error: " in line]
    assert [line.split(": error: ")[0] for line in errors] == \
        ["gateway.toml:4:1", "gateway.toml:8:11", "gateway.toml:13:6", "gateway.toml:15:11"]
    assert 'unknown key "tmieout"; did you mean "timeout"?' in errors[0]
    for error, text in zip(errors, ["tmieout", "balance", "to", "timeout"]):
        shown, caret = lines[lines.index(error) + 1:][:2]
        column = int(error.split(":")[2])
        assert text in shown and "^" in caret
        source = MISTAKES.splitlines()[int(error.split(":")[1]) - 1]
        assert caret.index("^") == shown.index(source) + column - 1


def test_of_syntax_the_first_mistake_is_told(tmp_path):
    (tmp_path / "lb.toml").write_text('[[listener]]\nlisten = "127.0.0.1:0\nupstream = = 3\n')
    ended = run("lb", "run", "-c", "lb.toml", folder=tmp_path)
    assert ended.returncode == 2
    errors = [line for line in ended.stderr.splitlines() if ": error: " in line]
    assert len(errors) == 1 and errors[0].startswith("lb.toml:2:")


@BOTH
def test_an_address_in_use_is_one_line_and_1(program, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        make = lb_config if program == "lb" else gateway_config
        (tmp_path / "c.toml").write_text(make(["127.0.0.1:9"], listener={"listen": address}))
        ended = run(program, "run", "-c", "c.toml", folder=tmp_path)
    assert ended.returncode == 1
    assert address in ended.stderr and len(ended.stderr.strip().splitlines()) == 1


@BOTH
def test_a_taken_admin_address_is_one_line_and_1(program, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        make = lb_config if program == "lb" else gateway_config
        text = make(["127.0.0.1:9"]).replace('[admin]\nlisten = "127.0.0.1:0"', f'[admin]\nlisten = "{address}"')
        (tmp_path / "c.toml").write_text(text)
        ended = run(program, "run", "-c", "c.toml", folder=tmp_path)
    assert ended.returncode == 1
    assert address in ended.stderr and len(ended.stderr.strip().splitlines()) == 1
