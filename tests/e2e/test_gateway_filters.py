"""The everyday filters on the way: cors, compress, own error bodies, redirects to https, OPTIONS."""
import gzip
import http.client
import re
import subprocess
import threading
import zlib

import pytest

from origins import HttpOrigin, Origin, chunked, response
from raw import Client, ask, get
from tandem import section

SHOP = "https://shop.example.com"
CORS = {"origins": [SHOP, "https://*.example.org"], "credentials": True, "max_age": "10m", "expose": ["X-Total"]}
TEXT = ("hello, compressible world " * 400).encode()


def route(name, match, to="service", **keys):
    return section("[[route]]", name=name, match=match, to=to, **keys)


def everything(**keys):
    return route("all", "/{rest...}", **keys)


def preflight(port, origin=SHOP, method="POST", asked="", target="/x"):
    more = f"Access-Control-Request-Headers: {asked}\r\n" if asked else ""
    return ask(port, f"OPTIONS {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nOrigin: {origin}\r\n"
                     f"Access-Control-Request-Method: {method}\r\n{more}\r\n")


def cors_fields(answer):
    return {name.lower(): value for name, value in answer.headers if name.lower().startswith("access-control-")}


def test_a_preflight_is_answered_by_the_route_that_it_announces_and_gets_no_further(gateway):
    origin = HttpOrigin()
    program = gateway([origin], routes=route("read", "GET /x") + route("write", "POST /x", cors=CORS))
    answer = preflight(program.port(), asked="content-type, X-A")
    assert answer.status == 204 and cors_fields(answer) == {
        "access-control-allow-origin": SHOP, "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST", "access-control-allow-headers": "content-type, X-A",
        "access-control-max-age": "600"}
    assert "Origin" in answer.header("Vary")
    assert preflight(program.port(), origin="https://a.example.org").header("Access-Control-Allow-Origin")
    for other in ("https://evilshop.example.com", "null", SHOP + ".evil.com", "http://shop.example.com"):
        answer = preflight(program.port(), origin=other)
        assert answer.status == 204 and not cors_fields(answer)
    answer = preflight(program.port(), method="GET")  # that route has no cors: an ordinary OPTIONS
    assert answer.status == 204 and not cors_fields(answer) and "POST" in answer.header("Allow")
    assert not origin.requests
    assert program.access_log(1, route="write")[0]["status"] == 204


def test_answers_name_a_listed_origin_only_whatever_the_service_says(gateway):
    origin = HttpOrigin(lambda request: response(b"x", headers="Access-Control-Allow-Origin: *\r\nVary: Accept\r\n"))
    program = gateway([origin], routes=everything(cors=CORS))
    answer = get(program.port(), headers=f"Origin: {SHOP}\r\n")
    assert cors_fields(answer) == {"access-control-allow-origin": SHOP, "access-control-allow-credentials": "true",
                                   "access-control-expose-headers": "X-Total"}
    assert answer.all("Access-Control-Allow-Origin") == [SHOP] and set(answer.all("Vary")) == {"Accept", "Origin"}
    for headers in ("", "Origin: https://evil.com\r\n", f"Origin: {SHOP}\r\nOrigin: {SHOP}\r\n"):
        answer = get(program.port(), headers=headers)
        assert answer.status == 200 and not cors_fields(answer) and "Origin" in answer.all("Vary")


def test_a_page_may_read_the_gateways_own_refusals(gateway):
    program = gateway([HttpOrigin(lambda request: None)], routes=everything(cors=CORS))
    answer = get(program.port(), headers=f"Origin: {SHOP}\r\n")
    assert answer.status == 502 and answer.header("Access-Control-Allow-Origin") == SHOP


def test_any_origin_is_a_star(gateway):
    program = gateway([HttpOrigin()], routes=everything(cors={"origins": ["*"], "methods": ["GET"], "headers": ["X-A"]}))
    assert get(program.port(), headers="Origin: https://any\r\n").header("Access-Control-Allow-Origin") == "*"
    assert cors_fields(preflight(program.port(), method="GET", asked="X-B")) == {
        "access-control-allow-origin": "*", "access-control-allow-methods": "GET", "access-control-allow-headers": "X-A"}
    assert not cors_fields(preflight(program.port(), method="PUT"))


def test_options_is_answered_where_no_route_takes_it(gateway):
    origin = HttpOrigin()
    program = gateway([origin], routes=route("r", "GET,POST /x") + route("any", "/any"))
    port = program.port()
    answer = ask(port, "OPTIONS /x HTTP/1.1\r\nHost: test\r\n\r\n")
    assert answer.status == 204 and set(answer.header("Allow").split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}
    assert not origin.requests
    assert ask(port, "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n").status == 204
    assert ask(port, "OPTIONS /none HTTP/1.1\r\nHost: test\r\n\r\n").status == 404
    assert ask(port, "OPTIONS /any HTTP/1.1\r\nHost: test\r\n\r\n").body == b"/any"


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_curl_reads_what_was_compressed(gateway, coding, framing):
    answer = (response(TEXT, headers='Content-Type: text/plain\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\n')
              if framing == "length" else chunked(TEXT[:5000], TEXT[5000:], headers="Content-Type: text/plain\r\n"))
    program = gateway([HttpOrigin(lambda request: answer)], routes=everything(compress=["gzip", "br", "zstd"]))
    port = program.port()
    url = f"http://127.0.0.1:{port}/"
    features = subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout
    if {"gzip": "libz", "br": "brotli", "zstd": "zstd"}[coding] in features:
        done = subprocess.run(["curl", "-sS", "--fail", "--compressed", "-H", f"Accept-Encoding: {coding}", url],
                              capture_output=True, timeout=20)
        assert done.stdout == TEXT, done.stderr
    got = get(port, headers=f"Accept-Encoding: {coding};q=1, *;q=0\r\n")
    assert got.complete and got.header("Content-Encoding") == coding and got.header("Vary") == "Accept-Encoding"
    assert len(got.body) < len(TEXT) // 5 and not got.all("Accept-Ranges")
    assert got.header("ETag") == ('W/"v1"' if framing == "length" else None)
    assert program.access_log(2)[-1]["bytes_out"] == len(got.body)


JSON = "Content-Type: application/json\r\n"


@pytest.mark.parametrize("asked, answer, vary", [
    ("", response(TEXT, headers=JSON), True),
    ("Accept-Encoding: identity\r\n", response(TEXT, headers=JSON), True),
    ("Accept-Encoding: gzip;q=0\r\n", response(TEXT, headers=JSON), True),
    ("Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n", response(TEXT, headers=JSON), True),
    ("Accept-Encoding: gzip\r\n", response(b"short", headers=JSON), False),
    ("Accept-Encoding: gzip\r\n", response(TEXT, headers="Content-Type: image/png\r\n"), False),
    ("Accept-Encoding: gzip\r\n", response(TEXT), False),
    ("Accept-Encoding: gzip\r\n", response(TEXT, headers=JSON + "Content-Encoding: br\r\n"), False),
    ("Accept-Encoding: gzip\r\n",
     response(TEXT, headers=JSON + "Content-Encoding: identity\r\nContent-Encoding: br\r\n"), False),
    ("Accept-Encoding: gzip\r\n", response(TEXT, headers=JSON + "Cache-Control: public, No-Transform\r\n"), False),
    ("Accept-Encoding: gzip\r\n", response(TEXT, headers=JSON + "Content-Digest: sha-256=:AAAA:\r\n"), False),
    ("Accept-Encoding: gzip\r\n", response(TEXT, 206, JSON + "Content-Range: bytes 0-9/99\r\n"), False),
], ids=["not asked", "identity", "q=0", "range", "short", "png", "untyped", "encoded", "encoded twice", "no-transform", "digest", "206"])
def test_what_stays_as_it_is(gateway, asked, answer, vary):
    got = get(gateway([HttpOrigin(lambda request: answer)], routes=everything(compress=["gzip"])).port(), headers=asked)
    assert got.body == answer.split(b"\r\n\r\n", 1)[1] and got.header("Content-Encoding") in (None, "br", "identity")
    assert ("Accept-Encoding" in got.all("Vary")) == vary


def test_head_and_304_say_what_get_would(gateway):
    tagged = f"{JSON}ETag: \"v1\"\r\n"

    def answer(request):
        if request.header("If-None-Match"):
            return b"HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n"
        whole = response(TEXT, headers=tagged)
        return whole.split(b"\r\n\r\n")[0] + b"\r\n\r\n" if request.method == "HEAD" else whole

    port = gateway([HttpOrigin(answer)], routes=everything(compress=["gzip"])).port()
    for method in ("GET", "HEAD"):
        got = ask(port, f"{method} / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n", to=method)
        assert got.header("Content-Encoding") == "gzip" and got.header("ETag") == 'W/"v1"'
        assert got.header("Vary") == "Accept-Encoding" and not got.all("Content-Length")
        assert method == "HEAD" or gzip.decompress(got.body) == TEXT
    plain = ask(port, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", to="HEAD")
    assert plain.header("Content-Length") == str(len(TEXT)) and plain.header("ETag") == '"v1"'
    got = get(port, headers='Accept-Encoding: gzip\r\nIf-None-Match: W/"v1"\r\n')
    assert got.status == 304 and got.header("ETag") == 'W/"v1"' and got.header("Vary") == "Accept-Encoding"


def test_own_answers_are_compressed_too_and_python_reads_them(gateway):
    body = "fixed " * 20_000
    routes = section("[[route]]", match="/f", respond={"body": body}, compress={"encodings": ["gzip"], "min_size": "1KiB"})
    connection = http.client.HTTPConnection("127.0.0.1", gateway([HttpOrigin()], routes=routes).port(), timeout=10)
    for _ in range(2):
        connection.request("GET", "/f", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        assert gzip.decompress(answer.read()).decode() == body and answer.getheader("Content-Encoding") == "gzip"
    connection.close()


def test_an_event_stream_through_gzip_arrives_event_by_event(gateway, keep):
    go = threading.Semaphore(0)

    def events(connection):
        connection.read()
        connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for n in range(5):
            event = b"data: %d\n\n" % n
            connection.socket.sendall(b"%x\r\n%s\r\n" % (len(event), event))
            go.acquire(timeout=20)
        connection.socket.sendall(b"0\r\n\r\n")
        connection.read()

    program = gateway([keep(Origin(events))], routes=everything(compress=["gzip"]))
    decoder, text = zlib.decompressobj(31), b""
    with Client(program.port()) as client:
        head = client.send("GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n").read_until(b"\r\n\r\n")
        assert b"Content-Encoding: gzip" in head
        for n in range(5):
            while b"data: %d\n\n" % n not in text:
                size = int(client.read_until(b"\r\n"), 16)
                text += decoder.decompress(client.receive(size + 2)[:size])
            assert b"data: %d\n\n" % (n + 1) not in text
            go.release()
        while size := int(client.read_until(b"\r\n"), 16):
            text += decoder.decompress(client.receive(size + 2)[:size])
        assert decoder.eof and text.count(b"data:") == 5


def test_a_body_that_breaks_off_is_broken_off_compressed_too(gateway, keep):
    def breaks(connection):
        connection.read()
        connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99999\r\n\r\n" + TEXT)
        connection.close()

    program = gateway([keep(Origin(breaks))], routes=everything(compress=["gzip"]))
    answer = get(program.port(), headers="Accept-Encoding: gzip\r\n")
    assert answer.status == 502 or not answer.complete
    assert program.access_log(1)[0]["reason"].startswith("upstream_")


def test_big_bodies_are_compressed_in_bounded_memory(gateway):
    big = (b"0123456789abcdef" * 4096) * 320  # 20 MiB
    program = gateway([HttpOrigin(lambda request: response(big, headers="Content-Type: text/plain\r\n"))],
                      routes=everything(compress=["gzip"]))
    got = get(program.port(), headers="Accept-Encoding: gzip\r\n")
    assert gzip.decompress(got.body) == big


def test_own_error_bodies_stand_in_for_the_gateways_not_for_a_services(gateway):
    files = {"404.html": "<h1>{status} {title}</h1>{instance}", "404.json": '{"why":"{reason}"}', "oops.txt": "{status} oops"}
    errors = '[errors]\n404 = ["404.html", "404.json"]\n5xx = "oops.txt"\n\n'
    origin = HttpOrigin(lambda request: response(b"theirs", 404, reason="Not Found") if request.target == "/a" else None)
    program = gateway([origin], routes=errors + route("a", "/a") + route("b", "/b"), files=files)
    answer = get(program.port(), "/none", "Accept: text/html\r\n")
    assert answer.status == 404 and answer.header("Content-Type") == "text/html; charset=utf-8"
    assert re.fullmatch(rb"<h1>404 Not Found</h1>\w+-1", answer.body)
    answer = get(program.port(), "/none", "Accept: application/json\r\n")
    assert answer.body == b'{"why":"no_route"}' and answer.header("Content-Type") == "application/json"
    assert get(program.port(), "/b").body == b"502 oops" and get(program.port(), "/a").body == b"theirs"


def test_a_listener_may_send_everybody_to_https(gateway):
    origin = HttpOrigin()
    program = gateway([origin], listener={"redirect_to_https": True, "trusted_proxies": ["127.0.0.1/32"]})
    answer = ask(program.port(), "POST /a%20b/../c?x=1&y HTTP/1.1\r\nHost: Shop.example.com:8080\r\nContent-Length: 0\r\n\r\n")
    assert answer.status == 308 and answer.header("Location") == "https://shop.example.com/c?x=1&y"
    assert ask(program.port(), "GET / HTTP/1.0\r\n\r\n").status == 400
    assert not origin.requests
    assert get(program.port(), headers="X-Forwarded-Proto: https\r\n").status == 200
    other = gateway([origin], listener={"redirect_to_https": 8443})
    assert get(other.port(), "/z").header("Location") == "https://test:8443/z"
