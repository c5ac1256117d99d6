"""Clients and services that leave in the middle: the other side is told at once, and nothing stays behind."""
import pytest

from origins import HttpOrigin, Origin, response
from raw import Client, wait_until

MIB = 1024 * 1024


def at_rest(program, before):
    wait_until(lambda: program.sockets() <= before, what=f"{program.name} back at {before} sockets")


def endless(connection):
    """Answers one request with a body that does not end."""
    connection.read()
    connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        connection.socket.sendall(b"x" * MIB)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("kind", ["lb", "gateway"])
def test_a_client_that_leaves_a_download_ends_it_at_the_service(kind, how, lb, gateway, keep):
    origin = keep(Origin(endless))
    program = {"lb": lb, "gateway": gateway}[kind]([origin])
    before = program.sockets()
    for _ in range(5):
        client = Client(program.port()).send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert len(client.receive(MIB)) == MIB
        getattr(client, how)()
    wait_until(lambda: len(origin.connections) == 5 and all(c.closed.is_set() for c in origin.connections))
    at_rest(program, before)
    assert len(program.access_log(count=5)) == 5


@pytest.mark.parametrize("framing, piece", [("Content-Length: 1000000000", b"x" * 65536),
                                            ("Transfer-Encoding: chunked", b"10000\r\n" + b"x" * 65536 + b"\r\n")],
                         ids=["length", "chunked"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_an_upload_ends_it_at_the_service(how, framing, piece, gateway, keep):
    origin = keep(Origin.silent())
    program = gateway([origin], defaults={"max_body": "none"})
    before = program.sockets()
    for n in range(5):
        client = Client(program.port()).send(f"PUT / HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n")
        client.send(piece * 16)
        wait_until(lambda: len(origin.connections) > n and len(origin.connections[n].received) >= MIB)
        getattr(client, how)()
        wait_until(lambda: origin.connections[n].closed.is_set(), what="the service's connection closed")
        assert not origin.connections[n].received.endswith(b"0\r\n\r\n")  # no end that the client did not send
    at_rest(program, before)


def test_a_client_that_leaves_while_the_service_thinks_is_noticed(gateway, keep):
    origin = keep(Origin.silent())
    program = gateway([origin], defaults={"timeout": "60s"})
    before = program.sockets()
    client = Client(program.port()).send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_until(lambda: origin.connections and origin.connections[0].received)
    client.reset()
    wait_until(lambda: origin.connections[0].closed.is_set(), what="the service's connection closed")
    at_rest(program, before)


def test_a_service_that_leaves_a_download_ends_it_at_the_client(gateway, keep):
    def behaviour(connection):
        connection.read()
        connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    origin = keep(Origin(behaviour))
    program = gateway([origin])
    before = program.sockets()
    with Client(program.port()) as client:
        answer = client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer()
        assert answer.status == 200 and not answer.complete
    at_rest(program, before)


def test_a_service_that_answers_before_the_body_came_is_heard(gateway, keep):
    def behaviour(connection):
        connection.read()
        connection.socket.sendall(response(b"no", status=403, headers="Connection: close\r\n"))
        connection.read_all()
    origin = keep(Origin(behaviour))
    program = gateway([origin], defaults={"max_body": "none"})
    with Client(program.port()) as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1000)
        answer = client.answer()
        assert (answer.status, answer.body) == (403, b"no")


def test_a_client_that_does_not_read_its_answer_holds_the_service_back(gateway, keep):
    origin = keep(Origin(endless))
    program = gateway([origin])
    with Client(program.port(), receive_buffer=64 * 1024) as client:
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").receive(1000)
        resident = [0]

        def settled():
            previous, resident[0] = resident[0], program.resident_kib()
            return resident[0] == previous
        wait_until(settled)
        assert resident[0] < 200 * 1024
    wait_until(lambda: origin.connections[0].closed.is_set())


def test_idle_upstream_connections_that_the_service_closes_are_forgotten(gateway):
    origin = HttpOrigin()
    program = gateway([origin])
    with Client(program.port()) as client:
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer()
        before = program.sockets()
        origin.connections[0].socket.shutdown(2)
        at_rest(program, before - 1)
        assert client.send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"/again"
