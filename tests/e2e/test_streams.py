"""What comes bit by bit: interim answers, event streams, and who may be told of what when."""
import threading

import pytest

from origins import HttpOrigin, Origin, response
from raw import Client, get, wait_until

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n"


def scripted(*steps):
    """A service that, once asked, sends what is bytes and waits for what is an Event."""
    def behaviour(connection):
        while b"\r\n\r\n" not in connection.received:
            if not connection.read():
                return
        for step in steps:
            if isinstance(step, bytes):
                connection.socket.sendall(step)
            else:
                assert step.wait(20)
        connection.read_all()
    return Origin(behaviour)


def head_of(client):
    return client.read_until(b"\r\n\r\n").decode()


def test_early_hints_reach_the_client_before_the_answer(gateway, keep):
    go = threading.Event()
    program = gateway([keep(scripted(HINTS, b"HTTP/1.1 102 Processing\r\n\r\n", go, response(b"final")))])
    with Client(program.port(), first=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        hints = head_of(client)
        assert hints.startswith("HTTP/1.1 103 ") and "Link: </a.css>" in hints and "X-Hop" not in hints
        assert head_of(client).startswith("HTTP/1.1 102 ")
        go.set()
        assert client.answer().body == b"final"


@pytest.mark.parametrize("interim, version", [(b"HTTP/1.1 100 Continue\r\n\r\n", "1.1"), (HINTS, "1.0")],
                         ids=["100 is the gateway's own", "HTTP/1.0 knows none"])
def test_what_the_client_did_not_ask_for_is_kept_from_it(gateway, keep, interim, version):
    program = gateway([keep(scripted(interim, response(b"final")))])
    with Client(program.port(), first=f"GET / HTTP/{version}\r\nHost: x\r\n\r\n".encode()) as client:
        assert head_of(client).startswith("HTTP/1.1 200 ")


def test_at_most_eight_before_an_answer(gateway, keep):
    program = gateway([keep(scripted(HINTS * 8 + response(b"final"))), ])
    with Client(program.port(), first=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        assert all(head_of(client).startswith("HTTP/1.1 103 ") for _ in range(8)) and client.answer().body == b"final"
    assert get(gateway([keep(scripted(HINTS * 9 + response(b"final")))]).port()).status == 502


def test_hints_and_the_hundred_for_a_body_do_not_mix(gateway, keep):
    def behaviour(connection):
        while b"\r\n\r\n" not in connection.received:
            connection.read()
        connection.socket.sendall(HINTS)
        while not connection.received.endswith(b"body"):
            connection.read()
        connection.socket.sendall(response(b"final"))
        connection.read_all()
    program = gateway([keep(Origin(behaviour))])
    with Client(program.port(), first=b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n") as client:
        assert sorted(head_of(client)[:12] for _ in range(2)) == ["HTTP/1.1 100", "HTTP/1.1 103"]
        assert client.send("body").answer().body == b"final"


@pytest.mark.parametrize("framed", [True, False], ids=["chunked", "until close"])
def test_an_event_stream_arrives_event_by_event(gateway, lb, keep, framed):
    go = [threading.Event() for _ in range(5)]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + (b"Transfer-Encoding: chunked\r\n" if framed else b"") + b"\r\n"
    steps = [head]
    for n, event in enumerate(go):
        data = b"data: %d\n\n" % n
        steps += [event, b"%x\r\n%s\r\n" % (len(data), data) if framed else data]
    front = lb([f"127.0.0.1:{gateway([keep(scripted(*steps))]).port()}"])
    with Client(front.port(), first=b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        assert "text/event-stream" in head_of(client)
        for n, event in enumerate(go):
            event.set()
            assert b"data: %d\n\n" % n in client.read_until(b"\n\n")


def test_a_stream_may_take_longer_than_the_routes_timeout(gateway, keep):
    go = threading.Event()
    program = gateway([keep(scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab", go, b"cd"))], defaults={"timeout": "200ms"})
    with Client(program.port(), first=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        assert client.read_until(b"\r\n\r\n") and client.receive(2) == b"ab"
        threading.Timer(0.5, go.set).start()
        assert client.receive(2) == b"cd"


def test_an_answer_that_stands_still_is_broken_off(gateway, keep):
    program = gateway([keep(scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab", threading.Event()))],
                      listener={"timeout": {"idle": "300ms"}})
    with Client(program.port(), first=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        assert not client.answer().complete and client.ended()
    assert program.access_log(count=1, reason="upstream_timeout")


@pytest.mark.parametrize("method", ["CONNECT a:80", "TRACE /"])
def test_connect_and_trace_are_refused(gateway, method):
    origin = HttpOrigin()
    with Client(gateway([origin]).port(), first=f"{method} HTTP/1.1\r\nHost: a:80\r\n\r\n".encode()) as client:
        assert client.answer().status in (405, 501) and client.ended()
    assert not origin.requests


def long_body(size):
    return b"".join(b"%016d" % n for n in range(size // 16))


def test_long_and_short_answers_follow_each_other_on_kept_connections(gateway):
    bodies = {f"/{size}": long_body(size) for size in (16, 8 * 1024, 40 * 1024, 100 * 1024, 3 * 1024 * 1024)}
    origin = HttpOrigin(lambda request: response(bodies[request.target]))
    program = gateway([origin])
    with Client(program.port()) as client:
        for target in [*bodies, *reversed(bodies), "/102400", "/102400", "/16", "/3145728"]:
            answer = client.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").answer()
            assert answer.body == bodies[target]
    assert len(origin.connections) == 1
    assert all(entry["bytes_out"] == len(bodies[entry["path"]]) for entry in program.access_log(count=14))


@pytest.mark.parametrize("end", ["closes", "resets"])
def test_a_long_answer_that_is_cut_short_does_not_pass_for_a_whole_one(gateway, keep, end):
    whole = response(long_body(1024 * 1024))

    def behaviour(connection):
        for answer in (whole, whole[: len(whole) // 2]):  # after the first one, the next is known to be long
            connection.received.clear()
            while b"\r\n\r\n" not in connection.received:
                if not connection.read():
                    return
            connection.socket.sendall(answer)
        if end == "resets":
            connection.reset()
    origin = keep(Origin(behaviour))
    program = gateway([origin])
    with Client(program.port()) as client:
        assert client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n").answer().complete
        answer = client.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n").answer()
        assert not answer.complete and answer.body == whole[-1024 * 1024:][: len(answer.body)]
    assert program.access_log(path="/2", count=1)[0]["reason"] == "upstream_reset"


def test_a_client_that_leaves_within_a_long_answer_leaves_nothing_behind(gateway):
    origin = HttpOrigin(lambda request: response(long_body(8 * 1024 * 1024)))
    program = gateway([origin])
    open_before = program.sockets()
    for _ in range(5):
        with Client(program.port(), receive_buffer=16 * 1024) as client:
            assert client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").receive(100 * 1024)
    wait_until(lambda: program.sockets() == open_before)
    assert get(program.port()).body == long_body(8 * 1024 * 1024)
