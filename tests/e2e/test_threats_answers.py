"""The answer lines of the threat list (A26 to A31): what a service may say, and what becomes a 502 instead."""
import json

import pytest

from origins import HttpOrigin, response
from raw import Client, get

BAD = {
    "A7 a folded field": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "A14 an empty name": b"HTTP/1.1 200 OK\r\n: v\r\nContent-Length: 0\r\n\r\n",
    "A27 a bare LF in the status line": b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "A27 a bare LF ends the head": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n",
    "A27 status 2": b"HTTP/1.1 2 OK\r\nContent-Length: 0\r\n\r\n",
    "A27 status 000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "A27 status 0200": b"HTTP/1.1 0200 OK\r\nContent-Length: 0\r\n\r\n",
    "A27 status 600": b"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
    "A27 no status": b"HTTP/1.1  OK\r\nContent-Length: 0\r\n\r\n",
    "A27 two spaces": b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
    "A27 NUL in the reason": b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
    "A27 version 2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "A27 version 0.9": b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "A28 gzip": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
    "A28 chunked, then gzip": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "B34 both framings": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "B35 two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "A31 101 that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "A31 interim heads without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "not HTTP at all": b"220 smtp ready\r\n",
    "a head over every bound": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_broken_answer_is_502_and_its_connection_is_not_used_again(gateway, name):
    broken = [True]
    origin = HttpOrigin(lambda request: BAD[name] if broken[0] else response(b"fine"))
    port = gateway([origin]).port()
    answer = get(port)
    assert answer.status == 502 and json.loads(answer.body)["status"] == 502
    used = len(origin.connections)
    broken[0] = False
    assert get(port).body == b"fine"
    assert len(origin.connections) == used + 1


@pytest.mark.parametrize("cut", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
], ids=["length", "chunks", "inside a chunk", "inside the last"])
def test_an_answer_cut_short_is_broken_off_for_the_client_too(gateway, cut):
    origin = HttpOrigin(lambda request: cut, close=True)
    with Client(gateway([origin]).port()) as client:
        answer = client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer()
        assert answer.status == 502 or not answer.complete
        if answer.status != 502:
            assert client.ended()


def test_bytes_after_an_answer_are_nobodys_next_answer(gateway):
    def answer(request):
        return response(b"first") + response(b"poison") if request.target == "/1" else response(b"second")
    origin = HttpOrigin(answer)
    with Client(gateway([origin]).port()) as client:
        assert client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"first"
        assert client.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"second"
    assert len(origin.connections) == 2


def test_a_few_interim_heads_are_fine(gateway):
    origin = HttpOrigin(lambda request: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + response(b"final"))
    assert get(gateway([origin]).port()).body == b"final"


def test_trailers_of_a_service_do_not_become_fields(gateway):
    origin = HttpOrigin(lambda request: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Late: 1\r\n\r\n")
    with Client(gateway([origin]).port()) as client:
        answer = client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer()
        assert answer.body == b"hi" and answer.complete and not answer.all("X-Late")
        assert client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"hi"
