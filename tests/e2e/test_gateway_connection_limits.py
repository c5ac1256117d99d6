"""How long and how slowly a client may keep a connection of the gateway: max_connection_age, min_rate."""
import time

import pytest

from origins import HttpOrigin, response
from raw import DEADLINE, Client, wait_until

REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
GRACE = 5.0  # of min_rate


@pytest.fixture
def service(keep):
    made = HttpOrigin(lambda request: response(b"x" * int(request.target.lstrip("/") or 1)))
    keep(made.origin)
    return made


def test_an_old_connection_ends_with_its_next_answer(gateway, service):
    program = gateway([service], listener={"max_connection_age": "600ms"})
    with Client(program.port()) as client:
        began = time.monotonic()
        answers = 0
        while True:
            answer = client.send(REQUEST).answer()
            assert answer.status == 200
            answers += 1
            if answer.header("Connection") == "close":
                break
        assert answers > 1 and time.monotonic() - began >= 0.6
        assert client.ended()


def test_an_old_connection_that_is_idle_ends(gateway, service):
    program = gateway([service], listener={"max_connection_age": "300ms"})
    with Client(program.port()) as client:
        assert client.send(REQUEST).answer().header("Connection") != "close"
        began = time.monotonic()
        assert client.ended()
        assert time.monotonic() - began < DEADLINE / 2


def test_a_body_that_comes_too_slowly_is_given_up_although_it_never_stands_still(gateway, service):
    program = gateway([service], listener={"min_rate": "1KiB/s"})
    with Client(program.port()) as client:
        began = time.monotonic()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        client.socket.settimeout(0.1)
        while True:
            try:
                client.send("drip")
                if client._more():
                    break
            except TimeoutError:
                assert time.monotonic() - began < DEADLINE
            except ConnectionError:
                break
        assert time.monotonic() - began > GRACE * 0.9
    line = program.access_log(count=1)[0]
    assert (line["status"], line["reason"]) == (408, "request_timeout")


def test_an_answer_that_is_taken_too_slowly_is_given_up_although_it_never_stands_still(gateway, service):
    program = gateway([service], listener={"min_rate": "50MiB/s"})
    with Client(program.port(), receive_buffer=4096) as client:
        client.send(REQUEST.replace("/ ", "/50000000 ", 1))
        began = time.monotonic()
        wait_until(lambda: (client._more(), program.access_log())[1])  # some KiB every 20 ms
        assert time.monotonic() - began > GRACE * 0.5
    line = program.access_log(count=1)[0]
    assert line["bytes_out"] < 50_000_000 and line["reason"]


def test_who_keeps_the_rate_is_served(gateway, service):
    program = gateway([service], listener={"min_rate": "1KiB/s"})
    with Client(program.port()) as client:
        answer = client.send(REQUEST.replace("/ ", "/5000000 ", 1)).answer()
        assert len(answer.body) == 5_000_000
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + "x" * 1000)
        assert client.answer().status == 200
    wait_until(lambda: len(service.requests) == 2)
