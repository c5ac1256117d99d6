"""`retry`: a try that came to nothing is followed by another one where that is safe, within a budget, and nowhere else."""
import json
import subprocess
import threading

import pytest

from origins import HttpOrigin, Origin, RefusingPort, free_port, response
from raw import Client, get, wait_until
from tandem import ROOT

GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def broken(after=1, say=b""):
    """A service that ends the connection when `after` bytes have come, having said `say`."""
    def behaviour(connection):
        while len(connection.received) < after:
            if not connection.read():
                return
        connection.socket.sendall(say)
    return Origin(behaviour)


def failing(status):
    return HttpOrigin(lambda request: response(b"sorry", status=status, reason="Sorry"))


def ask_twice(program, request):
    """Two requests, so that round robin begins with either server once."""
    answers = []
    for _ in range(2):
        with Client(program.port()) as client:
            answers.append(client.send(request).answer())
    return answers


RETRY = {"retry": {"times": 1, "on": ["connect", "reset", 502, 503]}}


@pytest.mark.parametrize("bad", [broken, lambda: failing(503), lambda: failing(502)], ids=["reset", "503", "502"])
@pytest.mark.parametrize("request_text", [GET, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
                                          "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
                         ids=["no body", "length", "chunked"])
def test_the_other_server_answers(bad, request_text, gateway):
    good = HttpOrigin(lambda request: response(request.body))
    program = gateway([bad(), good], upstream=RETRY)
    body = b"hello" if "hello" in request_text else b""
    assert [(a.status, a.body) for a in ask_twice(program, request_text)] == [(200, body)] * 2
    lines = program.access_log(count=2)
    assert sorted(line["attempts"] for line in lines) == [1, 2]
    assert {line["server"] for line in lines} == {good.address} and not any(line["reason"] for line in lines)
    assert program.metric("gateway_upstream_retries_total") == 1


def test_a_retry_without_a_server_is_none(gateway, keep):
    """The only server refuses; at the next try it is ejected, and nobody is left to be asked."""
    program = gateway([keep(RefusingPort())], upstream={"attempts": 1, "retry": {"times": 3, "on": ["connect"]},
                                                        "eject": {"after": 1, "for": "1h"}})
    for _ in range(3):
        assert get(program.port()).status in (502, 503)
    program = gateway([keep(RefusingPort()), keep(RefusingPort())],
                      upstream={"retry": {"times": 5, "on": ["connect"]}, "eject": {"after": 1, "for": "1h"}})
    for _ in range(3):
        assert get(program.port()).status in (502, 503)


def test_an_answer_that_is_not_passed_on_is_not_read_for_ever(gateway, keep):
    def endless(connection):
        while b"\r\n\r\n" not in connection.received:
            if not connection.read():
                return
        connection.socket.sendall(b"HTTP/1.1 503 Sorry\r\n\r\n")
        while True:
            connection.socket.sendall(bytes(256 * 1024))
    good = HttpOrigin(lambda request: response(b"good"))
    program = gateway([keep(Origin(endless)), good], upstream=RETRY)
    for _ in range(4):
        assert get(program.port()).body == b"good"


def test_a_post_is_not_sent_twice_unless_the_file_says_so(gateway):
    post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    for careless, expected in ((False, [200, 502]), (True, [200, 200])):
        good = HttpOrigin(lambda request: response(request.body))
        program = gateway([broken(), good], upstream={"retry": {"times": 1, "non_idempotent": careless}})
        assert sorted(a.status for a in ask_twice(program, post)) == expected
        assert [r.body for r in good.requests] == [b"hello"] * expected.count(200)


def test_what_was_never_sent_may_be_a_post(gateway, keep):
    refusing, good = keep(RefusingPort()), HttpOrigin()
    program = gateway([refusing, good], upstream={"attempts": 1, "retry": {"times": 1, "on": ["connect"]}})
    post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    assert [a.status for a in ask_twice(program, post)] == [200, 200]
    assert program.metric("gateway_upstream_retries_total", cause="connect") == 1


@pytest.mark.parametrize("say", [b"HTTP/1.1 20", b"HTTP/1.1 103 Early Hints\r\n\r\n"], ids=["within the head", "after 103"])
def test_a_service_that_has_begun_to_answer_is_not_replaced(say, gateway):
    good = HttpOrigin()
    program = gateway([broken(say=say), good], upstream=RETRY)
    answers = ask_twice(program, GET)
    assert sorted(a.status for a in answers) == [200, 502]
    assert len(good.requests) == 1


def test_only_what_is_listed_is_tried_again(gateway):
    program = gateway([failing(503), HttpOrigin()], upstream={"retry": {"times": 1, "on": ["reset", 502]}})
    answers = ask_twice(program, GET)
    assert sorted((a.status, a.body) for a in answers) == [(200, b"/"), (503, b"sorry")]  # passes untouched


def test_each_try_goes_to_another_server_and_the_last_answer_is_passed_on(gateway):
    bad = [failing(503) for _ in range(4)]
    program = gateway(bad, upstream={"retry": {"times": 3}})
    with Client(program.port()) as client:
        answer = client.send(GET).answer()
    assert (answer.status, answer.body) == (503, b"sorry")
    assert [len(origin.requests) for origin in bad] == [1, 1, 1, 1]
    assert program.access_log(count=1)[0]["attempts"] == 4


@pytest.mark.parametrize("framing", ["Content-Length: 200000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"],
                         ids=["length", "chunked"])
def test_a_body_that_is_too_big_to_keep_is_sent_once(framing, gateway):
    good = HttpOrigin()
    program = gateway([broken(after=190_000), good], upstream=RETRY)
    body = b"x" * 200_000 if "Length" in framing else b"30d40\r\n" + b"x" * 200_000 + b"\r\n0\r\n\r\n"
    answers = ask_twice(program, f"PUT / HTTP/1.1\r\nHost: x\r\n{framing}".encode() + body)
    assert sorted(a.status for a in answers) == [200, 502]


def test_a_body_that_is_still_coming_goes_on_at_the_next_server(gateway, keep):
    """The first server is gone after half of the body; the client sends the rest when the second one has its half."""
    bodies, half = [], threading.Event()

    def good(connection):
        connection.read()
        while b"\r\n\r\n" not in connection.received or not connection.received.endswith(b"first "):
            connection.read()
        half.set()
        while not connection.received.endswith(b"second"):
            connection.read()
        bodies.append(bytes(connection.received).split(b"\r\n\r\n", 1)[1])
        connection.socket.sendall(response(b"whole", headers="Connection: close\r\n"))

    def bad(connection):
        while not connection.received.endswith(b"first "):
            connection.read()

    program = gateway([keep(Origin(bad)), keep(Origin(good))], upstream=RETRY)
    for _ in range(2):
        half.clear()
        with Client(program.port()) as client:
            client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\nfirst ")
            assert half.wait(20)
            assert client.send("second").answer().body == b"whole"
    assert bodies == [b"first second"] * 2
    assert program.metric("gateway_upstream_retries_total", cause="reset") == 1


def test_the_budget_ends_the_tries(gateway):
    program = gateway([failing(503)], upstream={"retry": {"times": 1, "budget": "20%"}})
    with Client(program.port()) as client:
        for _ in range(20):
            assert client.send(GET).answer().status == 503
    assert program.metric("gateway_upstream_retries_total") == 10  # the floor: 20 % would be 4
    assert program.metric("gateway_upstream_retries_denied_total") == 10
    assert sum(line["attempts"] for line in program.access_log(count=20)) == 30


def test_tries_end_with_the_routes_timeout(gateway, keep):
    program = gateway([keep(Origin.silent()), keep(Origin.silent())], upstream=RETRY, defaults={"timeout": "300ms"})
    with Client(program.port()) as client:
        answer = client.send(GET).answer()
    assert answer.status == 504 and b'"reason":"upstream_timeout"' in answer.body
    line = program.access_log(count=1)[0]
    assert line["attempts"] == 1 and line["duration_ms"] < 2000


@pytest.mark.parametrize("upstream", [{}, RETRY], ids=["without retry", "with retry"])
def test_a_kept_connection_that_the_service_closed_is_replaced_without_counting(upstream, gateway, keep):
    """The service answers once per connection without a word about closing, and closes on the next request."""
    def behaviour(connection):
        connection.read()
        connection.socket.sendall(response(b"ok"))
        connection.read()
    program = gateway([keep(Origin(behaviour))], upstream=upstream)
    with Client(program.port()) as client:
        assert [client.send(GET).answer().status for _ in range(3)] == [200, 200, 200]
        assert client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").answer().status == 502
    lines = program.access_log(count=4)
    assert [line["attempts"] for line in lines] == [1, 1, 1, 1]
    assert program.metric("gateway_upstream_retries_total") == 0


def test_a_mirror_and_a_retry_share_the_body(gateway, start):
    copies, good = HttpOrigin(), HttpOrigin(lambda request: response(request.body))
    routes = ('[upstream.copies]\nservers = ["%s"]\n[upstream.copies.health]\ncheck = "off"\n' % copies.address +
              '[[route]]\nmatch = "/{rest...}"\nto = "service"\nmirror = { to = "copies", max_body = "4B" }\n')
    program = gateway([broken(), good], upstream=RETRY, routes=routes)
    for body in ("tiny", "hello"):
        answers = ask_twice(program, f"PUT /{body} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        assert [(a.status, a.body) for a in answers] == [(200, body.encode())] * 2
    wait_until(lambda: program.metric("gateway_mirror_total", result="answered") == 2)
    assert [r.body for r in copies.requests] == [b"tiny"] * 2
    assert program.metric("gateway_mirror_total", result="body_too_large") == 2


class Restarting:
    """A service of the shop in a process of its own, on a port that stays: killed and started again."""

    def __init__(self, name):
        self.name, self.port, self.process = name, free_port(), None
        self.address = f"127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(["/usr/bin/python3", ROOT / "tests/services/catalog.py", "--port", str(self.port),
                                         "--name", self.name], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline()
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    close = kill


def test_a_rolling_restart_of_two_services_costs_no_request(gateway, keep):
    services = [keep(Restarting(f"catalog-{n}").start()) for n in (1, 2)]
    program = gateway(services, upstream={"retry": {"times": 1}}, health={"check": "http", "path": "/healthz", "every": "50ms"},
                      drain="2s")
    ended, counts, failures = threading.Event(), [0] * 4, []

    def ask(n):
        with Client(program.port()) as client:
            while not ended.is_set():
                answer = client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").answer()
                counts[n] += 1
                if answer.status != 200:
                    failures.append((answer.status, answer.body))
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        for service in services * 2:
            served = sum(counts)
            wait_until(lambda: sum(counts) > served + 50, what="requests between two restarts")
            service.kill()
            service.start()
            wait_until(lambda: all(s["state"] == "up" for s in json.loads(program.admin("/status")[2])["upstreams"][0]["servers"]),
                       what="both services up")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not failures and sum(counts) > 200
