"""Unix sockets, as listeners and as servers, of both programs."""
import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

import tandem
from origins import HttpOrigin, Origin
from raw import PROXY_SIGNATURE, Client, ask, wait_until

REQUEST = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def folder():
    """A short one: a socket's path has 107 bytes at most."""
    path = Path(tempfile.mkdtemp(prefix="tandem-"))
    yield path
    shutil.rmtree(path)


def test_lb_passes_on_between_unix_sockets(lb, keep, folder):
    origin = keep(Origin.echo(path=folder / "server"))
    program = lb([origin], listener={"listen": f"unix:{folder}/front"}, workers=2)
    data = os.urandom(3_000_000)
    with Client(f"unix:{folder}/front") as client:
        client.send(data[:1000])
        assert client.receive(1000) == data[:1000]
        sent = 1000
        while sent < len(data):
            client.send(data[sent:sent + 100_000])
            assert client.receive(len(data[sent:sent + 100_000])) == data[sent:sent + 100_000]
            sent += 100_000
        client.shutdown_write()
        assert client.read_all() == b""
    line = program.access_log(count=1)[0]
    assert (line["bytes_in"], line["bytes_out"], line["end"]) == (len(data), len(data), "client")
    assert line["server"] == f"unix:{folder}/server" and line["client"] in (None, "")


def test_gateway_serves_and_calls_by_unix_sockets(gateway, keep, folder):
    service = HttpOrigin(path=folder / "service")
    keep(service.origin)
    program = gateway([service], listener={"listen": f"unix:{folder}/front"})
    with Client(f"unix:{folder}/front") as client:
        for _ in range(3):
            client.send(REQUEST)
            answer = client.answer()
            assert (answer.status, answer.body) == (200, b"/hello")
    assert program.access_log(count=3)[0]["server"] == f"unix:{folder}/service"


def test_the_pair_works_over_a_unix_socket(lb, gateway, keep, folder):
    service = HttpOrigin(path=folder / "service")
    keep(service.origin)
    gateway([service], listener={"listen": f"unix:{folder}/gateway"})
    program = lb([f"unix:{folder}/gateway"], health={"check": "http", "path": "/hello", "every": "100ms"})
    assert ask(program.port(), REQUEST.decode()).body == b"/hello"


def test_checks_reach_a_unix_socket_and_see_it_go(lb, keep, folder):
    origin = Origin.echo(path=folder / "server")
    program = lb([origin], health={"check": "tcp", "every": "50ms", "fall": 1})
    assert program.metric("lb_server_up") == 1
    origin.close()
    wait_until(lambda: program.metric("lb_server_up") == 0)


def test_a_server_is_told_by_version_2_that_the_client_came_by_a_unix_socket(lb, keep, folder):
    origin = keep(Origin.echo())
    lb([origin], listener={"listen": f"unix:{folder}/front"}, upstream={"proxy_protocol": "v2"})
    with Client(f"unix:{folder}/front") as client:
        client.send("payload")
        wait_until(lambda: origin.connections and b"payload" in origin.connections[0].received)
    header = bytes(origin.connections[0].received)
    assert header.startswith(PROXY_SIGNATURE) and header[12:14] == b"\x21\x31"
    assert f"{folder}/front".encode() in header


@pytest.mark.parametrize("name", ["lb", "gateway"])
def test_a_path_that_a_dead_process_left_behind_is_taken_over(name, request, keep, folder):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(f"{folder}/front")
    service = HttpOrigin()
    keep(service.origin)
    request.getfixturevalue(name)([service], listener={"listen": f"unix:{folder}/front"})
    with Client(f"unix:{folder}/front") as client:
        assert client.send(REQUEST).answer().status == 200


def refusal_to_start(start, name, config):
    program = start(name, config, wait=False)
    assert program.wait() == 1
    program.process.returncode = 0  # as it was to end
    return program.stderr


@pytest.mark.parametrize("name", ["lb", "gateway"])
def test_a_path_that_somebody_listens_on_is_left_alone(name, start, folder):
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(f"{folder}/front")
        living.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]  # its queue is full
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(f"{folder}/front")
        config = {"lb": tandem.lb_config, "gateway": tandem.gateway_config}[name]
        text = config(["127.0.0.1:1"], listener={"listen": f"unix:{folder}/front"})
        assert "address already in use" in refusal_to_start(start, name, text)
        accepted, _ = living.accept()
        accepted.close()
        for one in waiting:
            one.close()


def test_a_file_that_is_no_socket_is_left_alone(start, folder):
    (folder / "front").write_text("precious")
    text = tandem.lb_config(["127.0.0.1:1"], listener={"listen": f"unix:{folder}/front"})
    assert "already in use" in refusal_to_start(start, "lb", text)
    assert (folder / "front").read_text() == "precious"


def test_a_reload_keeps_the_socket_and_adds_another(lb, keep, folder):
    origin = keep(Origin.echo())
    program = lb([origin], listener={"listen": f"unix:{folder}/front"})
    before = os.stat(folder / "front").st_ino
    with Client(f"unix:{folder}/front") as held:
        held.send("a")
        assert held.receive(1) == b"a"
        program.reload(program.config.read_text() + tandem.section(
            "[[listener]]", name="second", listen=f"unix:{folder}/second", upstream="servers"))
        assert os.stat(folder / "front").st_ino == before
        held.send("b")
        assert held.receive(1) == b"b"
    for path in ("front", "second"):
        with Client(f"unix:{folder}/{path}") as client:
            assert client.send("c").receive(1) == b"c"


def test_the_file_has_the_mode_that_is_asked_for(lb, keep, folder):
    origin = keep(Origin.echo())
    program = lb([origin], listener={"listen": f"unix:{folder}/front", "mode": "0620"})
    assert os.stat(folder / "front").st_mode & 0o777 == 0o620
    program.reload(program.config.read_text() + tandem.section(
        "[[listener]]", name="second", listen=f"unix:{folder}/second", upstream="servers", mode="0666"))
    assert os.stat(folder / "second").st_mode & 0o777 == 0o666
