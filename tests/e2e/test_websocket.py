"""WebSockets through the gateway: what opens one, what does not, and how they live and end."""
import asyncio

import pytest
import websockets

from origins import HttpOrigin, Origin, response
from raw import Client, get, wait_until
from tandem import gateway_config, section
from ws import EchoServer, accept, opening, switched


class Switching(Origin):
    """Answers an opening with `answer`, then echoes what comes."""

    def __init__(self, answer=None):
        def behaviour(connection):
            while b"\r\n\r\n" not in connection.received:
                if not connection.read():
                    return
            connection.socket.sendall(answer if answer is not None else switched())
            while piece := connection.read():
                connection.socket.sendall(piece)
            connection.socket.shutdown(1)
        super().__init__(behaviour)


async def echo(address, count, between=None):
    async with websockets.connect(address, subprotocols=["echo.test"]) as socket:
        assert socket.subprotocol == "echo.test"
        for n in range(count):
            await socket.send(f"message {n}")
            assert await socket.recv() == f"message {n}"
            if between and n == count // 2:
                await asyncio.get_running_loop().run_in_executor(None, between)


def test_ten_thousand_messages_survive_a_reload(gateway, keep):
    server = keep(EchoServer())
    program = gateway([server])

    def reload():
        assert program.metric("gateway_tunnels_active") == 1
        program.reload(gateway_config([server.address], defaults={"timeout": "4s"}))
    asyncio.run(echo(f"ws://127.0.0.1:{program.port()}/chat", 10_000, between=reload))
    entry = program.access_log(count=1, status=101)[0]
    assert entry["reason"] in (None, "") and entry["path"] == "/chat" and entry["server"] == server.address
    assert entry["bytes_in"] > 10_000 * 6 and entry["bytes_out"] > 10_000 * 2 and entry["duration_ms"] > 0
    assert program.metric("gateway_requests_total", status="101") == 1
    wait_until(lambda: program.metric("gateway_tunnels_active") == 0)
    assert program.metric("gateway_tunnels_total", upstream="service") == 1


def test_its_upstream_may_be_taken_away_meanwhile(gateway, keep):
    old, new = keep(Switching()), HttpOrigin(lambda request: response(b"new"))
    program = gateway([old])
    with Client(program.port(), first=opening()) as client:
        assert client.answer().status == 101
        program.reload(gateway_config([new.address]).replace("service", "other"))
        assert get(program.port()).body == b"new"
        assert client.send("still here").receive(10) == b"still here"


@pytest.mark.parametrize("end", ["client", "server"])
def test_either_side_may_end_it_in_order(gateway, keep, end):
    server = keep(Switching())
    program = gateway([server])
    with Client(program.port(), first=opening()) as client:
        assert client.answer().status == 101
        assert client.send("one").receive(3) == b"one"
        if end == "client":
            client.shutdown_write()
            assert client.ended()
        else:
            server.connections[0].socket.shutdown(1)
            assert client.ended()
            client.close()
    entry = program.access_log(count=1, status=101)[0]
    assert (entry["reason"] or "", entry["bytes_in"], entry["bytes_out"]) == ("", 3, 3)


def test_bytes_behind_the_heads_are_not_lost(gateway, keep):
    program = gateway([keep(Switching(switched() + b"hello"))])
    with Client(program.port(), first=opening() + b"early") as client:
        assert client.answer().status == 101 and client.receive(10) == b"helloearly"


def test_the_opening_and_its_answer_pass_whole(gateway, keep):
    server = keep(Switching(switched(more="Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: x\r\nKeep-Alive: 5\r\n")))
    program = gateway([server])
    with Client(program.port(), first=opening(more="Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: x\r\n"
                                                   "X-Forwarded-For: 9.9.9.9\r\nOrigin: http://o\r\n")) as client:
        answer = client.answer()
    assert (answer.status, answer.header("Connection"), answer.header("Upgrade")) == (101, "Upgrade", "websocket")
    assert answer.header("Sec-WebSocket-Accept") == accept() and answer.header("Sec-WebSocket-Protocol") == "chat"
    assert answer.header("Sec-WebSocket-Extensions") == "x" and not answer.all("Keep-Alive") and not answer.all("Content-Length")
    asked = server.connections[0].received.decode()
    for line in ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: chat",
                 "Sec-WebSocket-Extensions: x", "Origin: http://o", "X-Forwarded-For: 127.0.0.1"):
        assert asked.count(line + "\r\n") == 1, line


NOT_ONE = {
    "no method but GET": dict(method="PUT"),
    "no HTTP/1.0": dict(version="HTTP/1.0"),
    "Connection does not name it": dict(connection="keep-alive"),
    "Connection takes the key away": dict(connection="Upgrade, Sec-WebSocket-Key"),
    "no Upgrade": dict(upgrade=None),
    "another protocol": dict(upgrade="h2c"),
    "not alone": dict(upgrade="websocket, h2c"),
    "twice": dict(more="Upgrade: websocket\r\n"),
    "another version": dict(number="8"),
    "no version": dict(number=None),
    "no key": dict(key=None),
    "a short key": dict(key="c2hvcnQ="),
    "a long key": dict(key="dGhlIHNhbXBsZSBub25jZSBsb25n"),
    "a key with spare bits": dict(key="dGhlIHNhbXBsZSBub25jZR=="),
    "a body's length": dict(more="Content-Length: 0\r\n"),
}


@pytest.mark.parametrize("name", NOT_ONE)
def test_what_is_no_opening_is_a_request_like_any_other(gateway, name):
    origin = HttpOrigin(lambda request: response(b"plain"))
    with Client(gateway([origin]).port(), first=opening(**NOT_ONE[name])) as client:
        answer = client.answer()
    assert (answer.status, answer.body) == (200, b"plain")
    request = origin.requests[0]
    assert not request.all("Upgrade") and not request.all("Connection")


def test_a_body_in_chunks_is_none_either(gateway):
    origin = HttpOrigin(lambda request: response(request.body))
    with Client(gateway([origin]).port(), first=opening(more="Transfer-Encoding: chunked\r\n") + b"2\r\nhi\r\n0\r\n\r\n") as client:
        assert client.answer().body == b"hi"
    assert not origin.requests[0].all("Upgrade")


def test_a_route_may_refuse_websockets(gateway):
    origin = HttpOrigin(lambda request: response(b"plain"))
    program = gateway([origin], routes=section("[[route]]", name="all", match="/{rest...}", to="service", websocket=False))
    with Client(program.port(), first=opening()) as client:
        assert client.answer().body == b"plain"
    assert not origin.requests[0].all("Upgrade")


WRONG = {
    "another key's": switched("AAAAAAAAAAAAAAAAAAAAAA=="),
    "no accept": b"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "another protocol": switched(upgrade="h2c"),
    "two protocols": switched(upgrade="websocket, h2c"),
    "no Connection": switched(connection="keep-alive"),
    "HTTP/1.0": switched().replace(b"HTTP/1.1", b"HTTP/1.0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_101_is_502_and_no_byte_of_the_client_goes_on(gateway, keep, name):
    server = keep(Switching(WRONG[name]))
    program = gateway([server])
    with Client(program.port(), first=opening() + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        assert client.answer().status == 502
    wait_until(lambda: server.connections[0].ended.is_set(), what="the server's connection ended")
    assert b"smuggled" not in server.connections[0].received
    assert program.access_log(count=1, status=502)[0]["reason"] == "upstream_protocol"


def test_any_other_answer_leaves_the_client_in_http_and_its_connection_unpooled(gateway):
    origin = HttpOrigin(lambda request: response(request.target.encode(), status=403 if request.all("Upgrade") else 200))
    program = gateway([origin])
    with Client(program.port(), first=opening("/no") + b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        refused, following = client.answer(), client.answer()
    assert (refused.status, refused.body, following.status, following.body) == (403, b"/no", 200, b"/next")
    assert len(origin.connections) == 2


def test_one_without_a_byte_ends_after_the_idle_limit(gateway, keep):
    program = gateway([keep(Switching())], listener={"timeout": {"idle": "300ms"}})
    with Client(program.port(), first=opening()) as client:
        assert client.answer().status == 101 and client.ended()
    assert program.access_log(count=1, status=101)[0]["reason"] == "idle"


def test_a_drain_lets_it_go_on_and_ends_it_at_its_deadline(gateway, keep):
    program = gateway([keep(Switching())], drain="500ms")
    with Client(program.port(), first=opening()) as client:
        assert client.answer().status == 101
        program.term()
        assert client.send("going on").receive(8) == b"going on"
        assert client.ended() and program.wait() == 0
    assert program.access_log(count=1, status=101)[0]["reason"] == "shutting_down"


def test_a_reset_is_passed_on(gateway, keep):
    server = keep(Switching())
    program = gateway([server])
    client = Client(program.port(), first=opening())
    assert client.answer().status == 101
    client.reset()
    wait_until(lambda: server.connections[0].ended.is_set())
    assert program.access_log(count=1, status=101)[0]["reason"] == "client_closed"
