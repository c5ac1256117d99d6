"""The moments at which a client or a service can be gone: what the other side is told, that a connection whose state is in
doubt carries no other request, and that nothing stays behind."""
import threading

import pytest

from origins import HttpOrigin, Origin, RefusingPort, response
from raw import Client, wait_until

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD_PART = b"HTTP/1.1 200 OK\r\nContent-Le"
BODY_PART = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!"
CHUNK_PART = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfive!\r\n"


def at_rest(program, before):
    wait_until(lambda: program.sockets() <= before, what=f"back at {before} sockets")


def once(*, say=b"", how="close", wait=None):
    """A service that reads one request's head, says something, and is gone (or, `wait`, silent)."""
    def behaviour(connection):
        while b"\r\n\r\n" not in connection.received:
            if not connection.read():
                return
        connection.socket.sendall(say)
        if wait:
            connection.read_all()
        elif how == "reset":
            connection.reset()
    return Origin(behaviour)


# A service that is gone: when, what the client gets, and the reason. Status 0: the client's connection breaks off within
# the answer, for its head was passed on already.
SERVICE_GONE = {
    "it refuses": (RefusingPort, 502, "upstream_connect"),
    "ends without a byte": (once, 502, "upstream_closed"),
    "resets without a byte": (lambda: once(how="reset"), 502, "upstream_closed"),
    "ends within the head": (lambda: once(say=HEAD_PART), 502, "upstream_reset"),
    "resets within the head": (lambda: once(say=HEAD_PART, how="reset"), 502, "upstream_reset"),
    "ends after an interim head": (lambda: once(say=b"HTTP/1.1 103 Early Hints\r\n\r\n"), 502, "upstream_closed"),
    "says what is no HTTP": (lambda: once(say=b"SSH-2.0-server\r\n\r\n"), 502, "upstream_protocol"),
    "is silent": (lambda: once(wait=True), 504, "upstream_timeout"),
    "falls silent within the head": (lambda: once(say=HEAD_PART, wait=True), 504, "upstream_timeout"),
    "ends within the body": (lambda: once(say=BODY_PART), 0, "upstream_reset"),
    "resets within the body": (lambda: once(say=BODY_PART, how="reset"), 0, "upstream_reset"),
    "ends within the chunks": (lambda: once(say=CHUNK_PART), 0, "upstream_reset"),
    "falls silent within the body": (lambda: once(say=BODY_PART, wait=True), 0, "upstream_timeout"),
}


@pytest.mark.parametrize("kind", ["GET", "PUT", "POST"])
@pytest.mark.parametrize("moment", SERVICE_GONE)
def test_a_service_is_gone(moment, kind, gateway, keep):
    make, status, reason = SERVICE_GONE[moment]
    origin = keep(make())
    program = gateway([origin], defaults={"timeout": "400ms"}, listener={"timeout": {"idle": "400ms"}})
    before = program.sockets()
    body = "" if kind == "GET" else "Content-Length: 5\r\n"
    request = f"{kind} / HTTP/1.1\r\nHost: x\r\n{body}\r\n".encode() + (b"" if kind == "GET" else b"hello")
    for _ in range(2):
        with Client(program.port()) as client:
            answer = client.send(request).answer()
            if status:
                assert answer.status == status and b'"reason":"%s"' % reason.encode() in answer.body
                assert client.send(request).answer().status == status  # the client's connection goes on
            else:
                assert answer.status == 200 and not answer.complete and client.ended()
    lines = program.access_log(count=4 if status else 2)
    assert {(line["status"], line["reason"]) for line in lines} == {(status or 200, reason)}
    if isinstance(origin, Origin):  # one request a connection: none was used again
        assert len(origin.connections) == len(lines)
        assert all(c.received.count(b"HTTP/1.1\r\n") == 1 for c in origin.connections)
    at_rest(program, before)


class Steps:
    """A service that goes as far as it is told, and stays there until its client is gone."""

    def __init__(self, *say):
        self.seen = threading.Event()
        self.say = say
        self.origin = Origin(self.behaviour)
        self.address, self.connections, self.close = self.origin.address, self.origin.connections, self.origin.close

    def behaviour(self, connection):
        while b"\r\n\r\n" not in connection.received:
            if not connection.read():
                return
        self.seen.set()
        for piece in self.say:
            connection.socket.sendall(piece)
        connection.read_all()


def head_only(client, service):
    client.send(b"GET / HTTP/1.1\r\nHo")


def whole_request(client, service):
    client.send(GET)
    assert service.seen.wait(20)


def part_of_the_body(framing, part):
    def send(client, service):
        client.send(b"PUT / HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n" + part)
        assert service.seen.wait(20)
    return send


def until(mark):
    def send(client, service):
        client.send(GET)
        assert client.read_until(mark).endswith(mark)
    return send


# A client that is gone: what it sent and saw before, what the service had said, whether the service was asked at all.
CLIENT_GONE = {
    "before a byte": (lambda client, service: None, [], False),
    "within the head": (head_only, [], False),
    "before the answer": (whole_request, [], True),
    "within its body": (part_of_the_body(b"Content-Length: 10", b"five!"), [], True),
    "within a chunk of its body": (part_of_the_body(b"Transfer-Encoding: chunked", b"a\r\nfive!"), [], True),
    "within its body, which is answered": (part_of_the_body(b"Content-Length: 10", b"five!"), [response(b"early")], True),
    "while an interim answer is all there is": (until(b"103 Early Hints\r\n"), [b"HTTP/1.1 103 Early Hints\r\n\r\n"], True),
    "within the answer's head": (whole_request, [HEAD_PART], True),
    "within the answer's body": (until(b"five!"), [BODY_PART], True),
    "within the answer's chunks": (until(b"five!"), [CHUNK_PART], True),
}


@pytest.mark.parametrize("retry", [False, True], ids=["", "with retry"])
@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("moment", CLIENT_GONE)
def test_a_client_is_gone(moment, how, retry, gateway, keep):
    before_it_leaves, say, asked = CLIENT_GONE[moment]
    service = keep(Steps(*say))
    upstream = {"retry": {"times": 1}, "breaker": {}, "max_in_flight": 10} if retry else {}
    program = gateway([service], upstream=upstream, defaults={"timeout": "2s"},
                      listener={"timeout": {"idle": "2s", "header": "2s", "body": "2s"}})
    before = program.sockets()
    for n in range(1, 3):
        service.seen.clear()
        client = Client(program.port())
        before_it_leaves(client, service)
        getattr(client, how)()
        if asked:
            wait_until(lambda: len(service.connections) == n and service.connections[-1].closed.is_set(),
                       what="the service's connection closed")
    at_rest(program, before)
    assert len(service.connections) == (2 if asked else 0)
    wait_until(lambda: program.metric("gateway_server_in_flight") == 0)


def test_a_service_that_closes_between_two_requests_costs_nothing(gateway):
    """Seen at once when it is idle; the next request has a connection of its own, POST or not."""
    service = HttpOrigin()
    program = gateway([service])
    with Client(program.port()) as client:
        for n in range(1, 6):
            method, body = ("POST", b"hi") if n % 2 else ("GET", b"")
            head = f"{method} /{n} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            answer = client.send(head + body).answer()
            assert (answer.status, answer.body) == (200, b"/%d" % n)
            before = program.sockets()
            service.connections[-1].socket.shutdown(2)
            at_rest(program, before - 1)
    assert [line["attempts"] for line in program.access_log(count=5)] == [1] * 5


@pytest.mark.parametrize("extra", [b"x", response(b"unasked"), b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"],
                         ids=["a byte", "an answer", "408"])
def test_what_a_service_says_unasked_is_nobodys_answer(extra, gateway, keep):
    def behaviour(connection):
        connection.read()
        connection.socket.sendall(response(b"one") + extra)
        connection.read_all()
    origin = keep(Origin(behaviour))
    program = gateway([origin])
    with Client(program.port()) as client:
        for n in range(1, 4):
            assert client.send(GET).answer().body == b"one"
            wait_until(lambda: origin.connections[n - 1].ended.is_set(), what="the connection closed, not kept")
    assert all(c.received.count(b"HTTP/1.1\r\n") == 1 for c in origin.connections)
