"""max_memory and user of [process], in both programs."""
import json
import os
import pwd
import re
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

import tandem
from origins import HttpOrigin, response
from raw import Client, ask, wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def service(keep):
    made = HttpOrigin()
    keep(made.origin)
    return made


def set_memory(running, value):
    text = running.config.read_text()
    running.reload(re.sub("(max_memory = ).*", rf'\1"{value}"', text))


# Memory.

def test_lb_takes_no_more_while_memory_is_short_and_keeps_what_it_has(lb, service):
    running = lb([service.address], max_memory="none")
    with Client(running.port()) as held:
        assert held.send(REQUEST).answer().status == 200
        set_memory(running, "1MiB")
        assert running.metric("lb_memory_short") == 1 and "memory is short" in running.stderr
        with Client(running.port()) as late:
            assert late.ended()
        assert held.send(REQUEST).answer().status == 200
        set_memory(running, "none")
        assert running.metric("lb_memory_short") == 0
        assert ask(running.port(), REQUEST).status == 200
    assert running.metric("lb_connections_total", result="overloaded") == 1
    assert running.access_log(count=1, end="overloaded")


def test_gateway_answers_503_while_memory_is_short_and_finishes_what_runs(gateway, keep):
    asked, answered = [], []

    def slow(request):
        asked.append(request)
        wait_until(lambda: answered)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"

    service = HttpOrigin(slow)
    keep(service.origin)
    running = gateway([service.address], max_memory="none", listener={"health_from": ["127.0.0.1"]})
    with Client(running.port()) as held:
        held.send(REQUEST)
        wait_until(lambda: asked)
        set_memory(running, "1MiB")
        refused = ask(running.port(), REQUEST)
        assert refused.status == 503 and b"overloaded" in refused.body and refused.header("Connection") == "close"
        assert ask(running.port(), REQUEST.replace("/ ", "/readyz ")).status == 200
        answered.append(True)
        assert held.answer().body == b"late"
    set_memory(running, "none")
    assert ask(running.port(), REQUEST).status == 200
    assert running.access_log(count=1, reason="overloaded")[0]["status"] == 503


@pytest.mark.skipif(tandem.sanitized(), reason="a sanitizer's allocator gives nothing back")
def test_a_cache_gives_way_before_anybody_is_refused(gateway, keep):
    body = b"x" * 500_000
    service = HttpOrigin(lambda _: response(body, headers="Cache-Control: max-age=600\r\n"))
    keep(service.origin)
    routes = tandem.section("[cache.shared]", size="1GiB", max_object="1MiB") + tandem.section(
        "[[route]]", match="/{rest...}", to="service", cache="shared")
    running = gateway([service.address], max_memory="64MiB", routes=routes)
    asked = 0

    def cache():
        return json.loads(running.admin("/status")[2])["caches"][0]

    def has_given_way():
        nonlocal asked
        asked += 1
        ask(running.port(), f"GET /{asked} HTTP/1.1\r\nHost: x\r\n\r\n")
        return cache()["evicted"] > 0

    wait_until(has_given_way)
    told = cache()
    assert told["limit"] < 64 * 1024 * 1024 < told["size"]
    wait_until(lambda: running.metric("gateway_memory_short") == 0)
    for number in range(asked, asked + 100):  # twice what is left for it
        assert ask(running.port(), f"GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n").status == 200
    assert cache()["entries"] > 0


# The user.

@pytest.fixture
def folder():
    """One that everybody can get into."""
    path = Path(tempfile.mkdtemp(prefix="tandem-"))
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


def ids(running):
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return {int(value) for line in re.findall(r"^[UG]id:\t(.*)$", status, re.M) for value in line.split()}


@as_root
def test_root_becomes_the_user_in_all_threads_and_can_still_bind_low_ports(program, start, service, folder):
    nobody = pwd.getpwnam("nobody")
    running = start(program, tandem.CONFIG[program]([service.address], user="nobody", workers=2), folder=folder)
    assert ids(running) == {nobody.pw_uid, nobody.pw_gid}
    for task in Path(f"/proc/{running.process.pid}/task").iterdir():
        assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}" in (task / "status").read_text()
    capabilities = Path(f"/proc/{running.process.pid}/status").read_text()
    assert int(re.search(r"CapEff:\t(\w+)", capabilities)[1], 16) & ~(1 << 10) == 0  # CAP_NET_BIND_SERVICE at most
    assert ask(running.port(), REQUEST).status == 200
    assert (folder / "access.log").stat().st_uid == nobody.pw_uid
    low = next(port for port in range(1023, 900, -1) if free(port))
    running.reload(running.config.read_text() + tandem.section(
        "[[listener]]", name="low", listen=f"127.0.0.1:{low}", upstream="servers" if program == "lb" else None))
    assert ask(low, REQUEST).status == 200


def free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@as_root
def test_check_as_user_finds_what_a_reload_could_not_read(folder):
    secret = folder / "token"
    secret.write_text("hunter2")
    secret.chmod(0o600)
    config = folder / "lb.toml"
    config.write_text(tandem.lb_config(["127.0.0.1:1"], user="nobody").replace(
        'listen = "127.0.0.1:0"\n\n[log]', 'listen = "127.0.0.1:0"\ntoken = { file = "token" }\n\n[log]'))
    assert tandem.run("lb", "check", "-c", config).returncode == 0
    done = tandem.run("lb", "check", "--as-user", "-c", config)
    assert done.returncode == 2 and "token" in done.stderr and "hunter2" not in done.stderr
    secret.chmod(0o644)
    assert tandem.run("lb", "check", "--as-user", "-c", config).returncode == 0


def test_who_is_not_root_cannot_become_somebody_else(folder):
    config = folder / "lb.toml"
    config.write_text(tandem.lb_config(["127.0.0.1:1"], user="daemon"))
    done = tandem.run("lb", "run", "-c", config, as_user="nobody" if os.geteuid() == 0 else None)
    assert done.returncode == 1 and "only root can become somebody else" in done.stderr
