"""USR2: the binary on disk takes over with the listening sockets, and nobody who is connected or comes notices.
TANDEM_BIG=1: ten of them in a minute, under a load that goes on for two."""
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import raw
import tandem
import websockets
from load import Load
from origins import HttpOrigin, Origin, response
from raw import Client, wait_until
from tandem import BIG, section
from ws import EchoServer

UPGRADES, EVERY = (10, 5.8) if BIG else (5, 0)  # seconds
ASK = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"


def body(port):
    return raw.get(port).body


def server(running, index=0):
    return json.loads(running.admin("/status")[2])["upstreams"][0]["servers"][index]


def more_listener(program, name="more", listen="127.0.0.1:0"):
    return section("[[listener]]", name=name, listen=listen, **({"upstream": "servers"} if program == "lb" else {}))


def kept(port, requests):
    """A visit: a connection that is kept for so many requests, if the program lets it."""
    def visit(load):
        with Client(port) as client:
            for _ in range(requests):
                answer = client.send(ASK).answer()
                assert answer is not None and answer.body == b"served", answer
                if load.over or (answer.header("Connection") or "").lower() == "close":
                    break
    return visit


def busy(port, clients=8):
    """So many clients that keep their connection for some requests, and two that come for one."""
    return Load(*[kept(port, 30 + n) for n in range(clients)], *[kept(port, 1)] * 2)


def test_upgrades_under_load_lose_nobody(program, start, origin):
    running = start(program, tandem.CONFIG[program]([origin.address], workers=2))
    processes = []
    began = time.monotonic()
    with busy(running.port()) as load:
        for _ in range(UPGRADES):
            processes.append(running.upgrade())
            load.visited_again()
            time.sleep(EVERY)  # the run has a shape: so many in a minute, and as long without one
        time.sleep(EVERY * UPGRADES)
    print(f"\n{program}: {UPGRADES} upgrades, {sum(load.made)} visits in {time.monotonic() - began:.0f} s")
    for old in processes:
        assert old.wait(2) == 0
    assert body(running.port()) == b"served"


def test_workers_change_with_an_upgrade(program, start, origin):
    text = tandem.CONFIG[program]([origin.address], workers=2)
    running = start(program, text)

    def workers():
        names = [open(f"/proc/{running.process.pid}/task/{task}/comm").read()
                 for task in os.listdir(f"/proc/{running.process.pid}/task")]
        return sum(name.startswith("worker-") for name in names)
    with busy(running.port(), clients=4) as load:
        for count in (4, 1, 3):
            running.config.write_text(text.replace("workers = 2", f"workers = {count}"))
            running.upgrade()
            assert workers() == count
            load.visited_again()
    running.reload(running.config.read_text())
    for _ in range(40):  # over all sockets of the set
        assert body(running.port()) == b"served"


def test_an_upgrade_to_a_wrong_file_changes_nothing(program, start, origin):
    text = tandem.CONFIG[program]([origin.address])
    running = start(program, text)
    pid = running.process.pid
    with busy(running.port(), clients=2):
        for _ in range(3):
            seen = len(running.lines)
            running.config.write_text(text.replace("name =", "nmae ="))
            running.process.send_signal(signal.SIGUSR2)
            wait_until(lambda: any("ended with status 2; this process goes on" in line for line in running.lines[seen:]))
        assert "nmae" in running.stderr
    running.reload(text)
    assert running.process.poll() is None and running.process.pid == pid and body(running.port()) == b"served"
    running.upgrade()
    assert body(running.port()) == b"served"


def test_a_binary_that_cannot_run_changes_nothing(program, start, origin, tmp_path, monkeypatch):
    for name in tandem.CONFIG:
        shutil.copy(tandem.BIN / name, tmp_path / name)
    monkeypatch.setattr(tandem, "BIN", tmp_path)
    running = start(program, tandem.CONFIG[program]([origin.address]))
    whole = (tmp_path / program).read_bytes()

    def replaced_by(content, what):
        (tmp_path / "next").write_bytes(content)
        (tmp_path / "next").chmod(0o755)
        os.rename(tmp_path / "next", tmp_path / program)
        running.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: what in running.stderr, what=what)
        assert body(running.port()) == b"served"
    replaced_by(b"#!/bin/sh\nexit 7\n", "ended with status 7; this process goes on")
    replaced_by(b"#!/bin/sh\nkill -9 $$\n", "was killed by signal 9; this process goes on")
    replaced_by(b"#!/bin/sh\nexec 3>&-\nexec sleep 600\n", "gave up; this process goes on")
    os.remove(tmp_path / program)
    running.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: "cannot be started: no such file or directory; this process goes on" in running.stderr)
    seen = len(running.lines)
    replaced_by(whole, "serves from now on")
    assert running.succeed_to(seen).wait() == 0 and body(running.port()) == b"served"


def test_what_is_known_of_servers_goes_along(program, start, keep, origin):
    silent = keep(Origin.silent())
    health = {"check": "http", "timeout": "300ms", "every": "60s", "fall": 1}
    slow = keep(HttpOrigin(lambda request: response(b"served")).origin)
    running = start(program, tandem.CONFIG[program]([origin.address, slow.address, silent.address], health=health))
    for _ in range(10):
        assert body(running.port()) == b"served"
    running.admin(f"/upstreams/{'servers' if program == 'lb' else 'service'}/servers/{slow.address}/drain", "POST")
    done = tandem.run(program, "weight", "servers" if program == "lb" else "service", origin.address, "7",
                      "--admin", f"127.0.0.1:{running.admin_port}")
    assert done.returncode == 0, done.stderr
    picks = [server(running, i)["total"] for i in range(3)]
    assert running.upgrade().wait() == 0
    after = [server(running, i) for i in range(3)]
    assert [one["total"] for one in after] == picks and after[0]["runtime_weight"] == 7
    assert [one["state"] for one in after] == ["up", "draining", "down"] and after[1]["order"] == "drain"
    assert after[0]["connect_ms"] is not None
    assert running.metric(f"{program}_picks_total", server=origin.address) == picks[0]


def test_listeners_come_and_go_with_an_upgrade(program, start, origin):
    text = tandem.CONFIG[program]([origin.address], workers=2)
    running = start(program, text + more_listener(program))
    port, more = running.port(), running.port("more")
    with Client(more) as client:
        assert client.send(ASK).answer().body == b"served"
        running.config.write_text(text + more_listener(program, "other"))
        seen = len(running.lines)
        running.upgrade()
        with pytest.raises(ConnectionRefusedError):
            Client(more)
        assert client.send(ASK).answer().body == b"served"
    assert any('"more" that was passed' in line for line in running.lines[seen:])
    other = next(int(line.rsplit(":", 1)[1]) for line in running.lines[seen:] if line.startswith("listening other"))
    assert body(other) == b"served" and body(port) == b"served"


def test_an_idle_client_of_gateway_is_served_once_more_and_told_to_go(gateway, origin):
    running = gateway([origin])
    with Client(running.port()) as client:
        assert client.send(ASK).answer().header("Connection") is None
        old = running.upgrade()
        answer = client.send(ASK).answer()
        assert answer.body == b"served" and answer.header("Connection").lower() == "close" and client.ended()
    assert old.wait(2) == 0


def test_a_relay_goes_on_in_the_old_process_and_is_cut_after_its_time(lb, keep):
    running = lb([keep(Origin.echo())], upgrade_drain="1h")
    with Client(running.port()) as client:
        assert client.send("a").receive(1) == b"a"
        first = running.upgrade()
        running.config.write_text(running.config.read_text().replace('upgrade_drain = "1h"', 'upgrade_drain = "300ms"'))
        second = running.upgrade()
        assert second.wait(2) == 0  # nobody was connected to it
        assert client.send("b").receive(1) == b"b" and first.poll() is None
    assert first.wait(2) == 0
    with Client(running.port()) as client:
        assert client.send("c").receive(1) == b"c"
        third = running.upgrade()
        assert client.ended()
        assert third.wait(2) == 0


def test_a_websocket_goes_on_in_the_old_process(gateway, keep):
    running = gateway([keep(EchoServer())], workers=2)

    async def talk():
        async with websockets.connect(f"ws://127.0.0.1:{running.port()}/", subprotocols=["echo.test"]) as client:
            await client.send("before")
            assert await client.recv() == "before"
            old = await asyncio.get_running_loop().run_in_executor(None, running.upgrade)
            for n in range(1000):
                await client.send(f"message {n}")
                assert await client.recv() == f"message {n}"
            assert old.poll() is None and running.metric("gateway_tunnels_active") == 0
            return old
    assert asyncio.run(talk()).wait(2) == 0


@pytest.fixture
def open_folder():
    """One that everybody can get into."""
    path = Path(tempfile.mkdtemp(prefix="tandem-"))
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_more_workers_share_sockets_that_another_user_has_made(program, start, origin, monkeypatch, open_folder):
    for name in tandem.CONFIG:
        shutil.copy(tandem.BIN / name, open_folder / name)
    monkeypatch.setattr(tandem, "BIN", open_folder)
    text = tandem.CONFIG[program]([origin.address], user="nobody")
    running = start(program, text, folder=open_folder)
    running.config.write_text(text.replace("workers = 1", "workers = 3"))
    with busy(running.port(), clients=3) as load:
        running.upgrade()
        load.visited_again()
        load.visited_again()
    assert "workers share sockets" in running.stderr


def test_term_ends_an_old_process_that_still_has_connections(program, start, keep, origin):
    running = start(program, tandem.CONFIG[program]([keep(Origin.echo()).address if program == "lb" else origin.address],
                                             drain="200ms", drain_delay="1h"))
    with Client(running.port()) as client:
        client.send(ASK).receive(1)
        old = running.upgrade()
        old.send_signal(signal.SIGTERM)
        assert old.wait(5) == 0  # without the delay: it accepts nobody
    assert running.process.poll() is None


def begin_upgrade(running, text):
    """Gives the new process, which is not ready yet."""
    running.config.write_text(text)
    seen = len(running.lines)
    running.process.send_signal(signal.SIGUSR2)
    return wait_until(lambda: next((int(line.split("upgrade: process ")[1].split()[0]) for line in running.lines[seen:]
                                    if "is started with" in line), None))


def test_while_an_upgrade_is_under_way_nothing_changes_and_term_calls_it_off(start, keep, origin):
    silent = keep(Origin.silent())  # so that the first round of checks takes long
    running = start("lb", tandem.lb_config([origin.address]))
    slow = tandem.lb_config([origin.address, silent.address], health={"check": "http", "timeout": "30s", "every": "60s"})
    successor = begin_upgrade(running, slow)
    status, _, why = running.admin("/reload", "POST")
    assert status == 422 and "an upgrade is under way" in why
    assert running.admin(f"/upstreams/servers/servers/{origin.address}/drain", "POST")[0] == 503
    running.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: "does so already" in running.stderr)
    assert body(running.port()) == b"served"
    running.term()
    assert running.wait() == 0
    assert "called off" in running.stderr and "goes on" not in running.stderr
    wait_until(lambda: not os.path.exists(f"/proc/{successor}"), what="the successor's end")


def test_admin_answers_and_reloads_in_the_new_process(program, start, origin):
    text = tandem.CONFIG[program]([origin.address])
    running = start(program, text)
    running.reload(text)
    before = running.sockets()
    assert running.upgrade().wait() == 0
    assert json.loads(running.admin("/status")[2])["configuration"]["generation"] == 1
    running.reload(text)
    wait_until(lambda: running.sockets() <= before, what="as many sockets as before")


def test_a_unix_socket_goes_along_and_its_path_stays(start, origin, tmp_path):
    path = str(tmp_path / "front.sock")
    running = start("lb", tandem.lb_config([origin.address], workers=2, listener={"listen": "unix:" + path}))

    def served():
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(raw.DEADLINE)
            client.connect(path)
            client.sendall(ASK.encode())
            return client.makefile("rb").readline().startswith(b"HTTP/1.1 200")
    assert served()
    for _ in range(2):
        inode = os.stat(path).st_ino
        assert running.upgrade().wait() == 0
        assert os.stat(path).st_ino == inode
        assert all(served() for _ in range(10))


def test_sockets_of_a_service_manager_go_along_and_it_hears_of_the_main_process(program, start, origin, tmp_path):
    with socket.socket() as front, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        front.bind(("127.0.0.1", 0))
        front.listen()
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(raw.DEADLINE)
        running = start(program, tandem.CONFIG[program]([origin.address], workers=2,
                                                 listener={"listen": "127.0.0.1:%d" % front.getsockname()[1]}),
                        activate={"front": front}, environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert b"READY=1" in manager.recv(4096)
        for _ in range(2):
            assert running.upgrade().wait() == 0
            lines = manager.recv(4096).decode().split("\n")
            assert lines[:2] == [f"MAINPID={running.process.pid}", "READY=1"]
            assert body(running.port()) == b"served"
        running.term()
        assert b"STOPPING=1" in manager.recv(4096)


def test_process_one_of_a_namespace_refuses(program, origin, tmp_path):
    namespace = ["unshare", *([] if os.geteuid() == 0 else ["--user"]), "--pid", "--fork", "--kill-child"]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode != 0:
        pytest.skip("the kernel lets this user make no process namespace, as in a container without privileges")
    (tmp_path / "config.toml").write_text(tandem.CONFIG[program]([origin.address]))
    command = [*namespace, tandem.BIN / program, "run", "-c", "config.toml"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as outer:
        lines = iter(outer.stderr.readline, "")
        assert any(line == "ready\n" for line in lines)
        inner = int(open(f"/proc/{outer.pid}/task/{outer.pid}/children").read())
        os.kill(inner, signal.SIGUSR2)
        assert "upgrade: refused" in next(lines)
        os.kill(inner, signal.SIGTERM)
        assert outer.wait(raw.DEADLINE) == 0
