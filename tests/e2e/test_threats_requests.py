"""The request lines of the threat list (A, B, C, D, H): each is sent whole and one byte a write. A refused request is
answered with its status and `Connection: close`, the connection ends, and the service never gets a request of it."""
import pytest

from origins import HttpOrigin
from raw import Client, ask, wait_until
from tandem import Program, gateway_config

H = "Host: x\r\n"
BODY = "GET /evil HTTP/1.1\r\nHost: y\r\n\r\n"  # what would be a second request, were the first misread
TE = "Transfer-Encoding: chunked\r\n"


def get(target="/", headers=H):
    return f"GET {target} HTTP/1.1\r\n{headers}\r\n"


def post(headers, body="", version="HTTP/1.1"):
    return f"POST / {version}\r\n{H}{headers}\r\n{body}"


def in_chunks(body):
    return post(TE, body)


REFUSED = {  # name: (bytes, statuses)
    # A: what the parser lets through
    "A1 CR and a byte end a head": (f"GET / HTTP/1.1\r\n{H}\rX{BODY}", {400}),
    "A2 a header behind a bare CR": (post("Dummy:\rZTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), {400}),
    "A3 a chunk size ended by CR and a byte": (in_chunks("5\rXhelloYY0\r\n\r\n"), {400}),
    "A3 any two bytes end the data": (in_chunks("5\r\nhelloYY0\r\n\r\n"), {400}),
    "A3 the last chunk ended by CR and a byte": (in_chunks("5\r\nhello\r\n0\r\n\rZ"), {400}),
    "A4 a space before the colon": (get(headers=H + "Foo : bar\r\n"), {400}),
    "A4 a space in a name": (get(headers=H + "Foo bar: baz\r\n"), {400}),
    "A4 a byte above 127 in the target": (get("/\xe4"), {400}),
    "A4 a TAB in the target": (get("/\tx"), {400}),
    "A5 a bare LF ends the request line": (f"GET / HTTP/1.1\n{H}\r\n", {400}),
    "A5 a bare LF ends a field": (f"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", {400}),
    "A6 a bare LF ends the head": (f"GET / HTTP/1.1\r\n{H}\n", {400}),
    "A6 a bare LF ends a chunked body": (in_chunks("0\r\n\n"), {400}),
    "A6 a bare LF ends the trailers": (in_chunks("0\r\nA: b\r\n\n"), {400}),
    "A7 a folded field": (get(headers=H + "X: a\r\n b\r\n"), {400}),
    "A7 a folded length": (get(headers="Host: x\r\n Content-Length: 5\r\n"), {400}),
    "A7 a length on the next line": (post("Content-Length:\r\n 5\r\n", "hello"), {400}),
    "A7 a coding on the next line": (post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), {400}),
    "A7 a coding on the next line after a TAB": (post("Transfer-Encoding:\r\n\tchunked\r\n", "0\r\n\r\n"), {400}),
    "A7 a folded trailer": (in_chunks("0\r\nA: b\r\n c\r\n\r\n"), {400}),
    "A8 an empty coding beside a length": (post("Transfer-Encoding:\r\nContent-Length: 5\r\n", "hello"), {400}),
    "A8 a blank coding": (post("Transfer-Encoding: \t \r\nContent-Length: 5\r\n", "hello"), {400}),
    "A9 an unknown coding, then chunked": (post("Transfer-Encoding: xyz, chunked\r\n", "0\r\n\r\n"), {400, 501}),
    "A9 identity, then chunked": (post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"), {400, 501}),
    "A9 gzip, then chunked": (post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), {400, 501}),
    "A9 a leading comma": (post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"), {400, 501}),
    "A9 two codings": (post("Transfer-Encoding: identity\r\n" + TE, "0\r\n\r\n"), {400, 501}),
    "A9 chunked twice": (post(TE + TE, "0\r\n\r\n"), {400, 501}),
    "A9 chunked and an empty one": (post(TE + "Transfer-Encoding:\r\n", "0\r\n\r\n"), {400, 501}),
    "A9 gzip alone": (post("Transfer-Encoding: gzip\r\n", "x"), {400, 501}),
    "A10 chunked in HTTP/1.0": (post(TE, "0\r\n\r\n", "HTTP/1.0"), {400}),
    "A11 version 0.9": (f"GET / HTTP/0.9\r\n{H}\r\n", {505}),
    "A11 version 2.0": (f"GET / HTTP/2.0\r\n{H}\r\n", {505}),
    "A11 version 1.2": (f"GET / HTTP/1.2\r\n{H}\r\n", {400, 505}),
    "A11 no version": ("GET /\r\n\r\n", {400}),
    "A11 no version and a field": (f"GET /\r\n{H}\r\n", {400}),
    "A12 RTSP": (f"GET / RTSP/1.0\r\n{H}\r\n", {400, 505}),
    "A12 ICE": (f"SOURCE / ICE/1.1\r\n{H}\r\n", {400, 501, 505}),
    "A13 a false preface": ("PRI /x HTTP/1.1\r\n\r\nSM\r\n\r\n", {400, 405, 501, 505}),
    "A13 the preface without HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 405, 501, 505}),
    "A14 an empty name": (get(headers=H + ": v\r\n"), {400}),
    "A14 a colon alone": (get(headers=H + ":\r\n"), {400}),
    "A15 CR and LF in front": ("\r\r\n\n\r" + get(), {400}),
    "A15 LF in front": ("\n" + get(), {400}),
    "A16 spaces around the target": (f"GET   /   HTTP/1.1\r\n{H}\r\n", {400}),
    "A16 two spaces before the target": (f"GET  / HTTP/1.1\r\n{H}\r\n", {400}),
    "A16 a space after the version": (f"GET / HTTP/1.1 \r\n{H}\r\n", {400, 505}),
    "A18 no Host": ("GET / HTTP/1.1\r\n\r\n", {400}),
    "A18 two Hosts": (get(headers=H + "Host: y\r\n"), {400}),
    "A18 one Host twice": (get(headers=H + H), {400}),
    "A18 two Hosts in HTTP/1.0": (f"GET / HTTP/1.0\r\n{H}Host: y\r\n\r\n", {400}),
    "A18 a Host that is none": (get(headers="Host: x/@y, z\r\n"), {400}),
    "A18 an empty Host": (get(headers="Host:\r\n"), {400}),
    "A18 a Host with a bad port": (get(headers="Host: x:8x\r\n"), {400}),
    "A19 CONNECT with a length": (f"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}", {400, 405, 501}),
    "A19 CONNECT in chunks": (f"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n{TE}\r\n{BODY}", {400, 405, 501}),
    "A19 CONNECT without a port": ("CONNECT a/b HTTP/1.1\r\nHost: a\r\n\r\n" + BODY, {400, 405, 501}),
    "A24 a length of 2^64-1": (post("Content-Length: 18446744073709551615\r\n", "x"), {400, 413}),
    "A24 a length of 2^63": (post("Content-Length: 9223372036854775808\r\n", "x"), {400, 413}),
    "A24 a length with 26 zeros": (post("Content-Length: " + "0" * 26 + "5\r\n", "hello"), {400}),
    "A24 a chunk of 2^64-1": (in_chunks("ffffffffffffffff\r\nx"), {400, 413}),
    "A24 a chunk size of 17 digits": (in_chunks("00000000000000005\r\nhello\r\n0\r\n\r\n"), {400}),
    # B: framing
    "B34 a length, then chunked": (post("Content-Length: 6\r\n" + TE, "0\r\n\r\nG"), {400}),
    "B34 chunked, then a length": (post(TE + "Content-Length: 6\r\n", "0\r\n\r\nG"), {400}),
    "B34 other case": (post("content-length: 6\r\ntransfer-encoding: Chunked\r\n", "0\r\n\r\nG"), {400}),
    "B34 a length of 0 and chunked": (post("Content-Length: 0\r\n" + TE, "0\r\n\r\n"), {400}),
    **{f"B35 length {value!r}": (post(f"Content-Length: {value}\r\n", "hello"), {400})
       for value in ("5, 5", "5 5", "+5", "-5", "0x5", "5_0", "1Z", "", "5;", "\x0b5")},
    "B35 two equal lengths": (post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), {400}),
    "B35 two lengths": (post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"), {400}),
    **{f"B36 coding {value!r}": (post(f"Transfer-Encoding:{value}\r\n", "0\r\n\r\n"), {400, 501})
       for value in ("\x0bchunked", "\x0cchunked", ' "chunked"', " chunked;q=1", " chunkedx", " \xa0chunked", " \x85chunked", " chunked,")},
    "B36 a space before the colon": (post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), {400}),
    "B36 Transfer_Encoding": (post("Transfer_Encoding: chunked\r\n", "0\r\n\r\n"), {400}),
    "B36 Content_Length": (post("Content_Length: 5\r\n", "hello"), {400}),
    **{f"B37 chunk {body!r}": (in_chunks(body + "0\r\n\r\n"), {400}) for body in (
        "0x5\r\nhello\r\n", "+5\r\nhello\r\n", "-0\r\n", "0_5\r\nhello\r\n", " 5\r\nhello\r\n", "\r\nhello\r\n",
        ";a=b\r\nhello\r\n", "5\nhello\r\n", "2;\nxx\r\n", '2;a="\n"\r\nxx\r\n', "5\r\nhello\n", "g\r\nhello\r\n")},
    "B37 a chunk size with a space behind": (in_chunks("5 \r\nhello\r\n0\r\n\r\n"), {400}),
    '2;a="CRLF"': (in_chunks('2;a="\r\n"\r\nxx\r\n0\r\n\r\n'), {400}),
    # C: targets and hosts
    **{f"C target {target!r}": (get(target), {400}) for target in (
        "*abc", "*", "http:///b", "http://u:p@x/", "foo://x/", "http://[::1]]:80/", "http://a@b@x/", "/a#b", "/a#b#c",
        "/a\\..\\b", "/%zz", "/%", "/%4", "/%00", '/"', "/<", "/>", "/^", "/`", "/{", "/|", "/}", "/../x", "/a/../../x",
        "/%2e%2e/admin", "/.%2e/admin", "/..;/admin", "/a/%2e%2e;x/", "/a%2fb", "/a%2Fb", "/a%5cb", "/a%0d%0aX:%20y",
        "/%7f", "/%c0%af", "/%ff", "/%ed%a0%80", "x", "x:80", "")},
    "C53 a target that is another host": (get("http://a/", "Host: b\r\n"), {400}),
    "C52 a fragment in the absolute form": (get("http://x/#f"), {400}),
    # D: trust
    **{f"D57 nominated {name}": (get(headers=H + f"Connection: {name}\r\nAuthorization: a\r\n"), {400})
       for name in ("Host", "Content-Length", "Transfer-Encoding", "Authorization")},
    "D61 Authorization twice": (get(headers=H + "Authorization: a\r\nAuthorization: b\r\n"), {400}),
    # H: bounds
    "H89 101 fields": (get(headers=H + "".join(f"A{n}: b\r\n" for n in range(100))), {431}),
}
LARGE = {
    "H89 a head over 32 KiB": (get(headers=H + "A: " + "b" * 33000 + "\r\n"), {431}),
    "H89 a target over 8 KiB": (get("/" + "a" * 8300), {414}),
    "A23 spaces without end": ("GET " + " " * 40000, {400, 414, 431}),
    "A23 CRLF without end": ("\r\n" * 20000, {400, 431}),
    "H89 trailers over 8 KiB": (in_chunks("0\r\nA: " + "b" * 9000 + "\r\n\r\n"), {400, 431}),
    "H89 extensions over 16 KiB": (in_chunks("".join(f"1;{'e' * 1000}\r\nx\r\n" for _ in range(20)) + "0\r\n\r\n"), {400, 413}),
    "H89 one-byte chunks": (in_chunks("1\r\nx\r\n" * 70000 + "0\r\n\r\n"), {400, 413}),
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """One gateway for the whole list; what it forwards is seen in gateway.origin."""
    origin = HttpOrigin()
    program = Program("gateway", gateway_config([origin.address]), tmp_path_factory.mktemp("gateway"))
    program.origin = origin
    yield program
    program.stop()


def arrived(gateway):
    return len(gateway.origin.requests)


def refuse(gateway, data, statuses, bytewise):
    data = data.encode("latin-1") if isinstance(data, str) else data
    before = arrived(gateway)
    with Client(gateway.port()) as client:
        try:
            client.send_bytewise(data) if bytewise else client.send(data)
        except ConnectionError:
            pass
        answer = client.answer()
        assert answer and answer.status in statuses, answer
        assert answer.header("Connection", "").lower() == "close"
        assert client.ended()
    assert arrived(gateway) == before, gateway.origin.requests[before:]


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize("name", REFUSED)
def test_refused(gateway, name, bytewise):
    refuse(gateway, *REFUSED[name], bytewise)


@pytest.mark.parametrize("name", LARGE)
def test_refused_for_its_size(gateway, name):
    refuse(gateway, *LARGE[name], bytewise=False)


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
def test_after_a_refusal_nothing_more_of_the_connection_is_read(gateway, bytewise):
    refuse(gateway, get(headers=H + "Foo : bar\r\n") + get("/next"), {400}, bytewise)


def test_refusals_are_counted_and_logged_under_a_reason(gateway):
    before = gateway.metric("gateway_refused_total", reason="bad_request")
    ask(gateway.port(), get(headers=H + "Foo : bar\r\n"))
    wait_until(lambda: gateway.metric("gateway_refused_total", reason="bad_request") == before + 1)
    assert gateway.access_log(count=1, reason="bad_request", status=400)


TAKEN = {  # name: (bytes, what the service must see as targets)
    "A15 one CRLF between requests": (get("/1") + "\r\n" + get("/2"), ["/1", "/2"]),
    "A20 an upgrade nobody knows, with a body": (
        f"POST /1 HTTP/1.1\r\n{H}Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}" + get("/2"), ["/1", "/2"]),
    "A20 the same through Proxy-Connection": (
        f"POST /1 HTTP/1.1\r\n{H}Proxy-Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}" + get("/2"), ["/1", "/2"]),
    "A25 trailers": (f"POST /1 HTTP/1.1\r\n{H}{TE}\r\n5\r\nhello\r\n0\r\nHost: evil\r\nContent-Length: 3\r\nAuthorization: evil\r\n\r\n"
                     + get("/2"), ["/1", "/2"]),
    "B36 chunked in capitals": (f"POST /1 HTTP/1.1\r\n{H}transfer-encoding: CHUNKED\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n" + get("/2"), ["/1", "/2"]),
    "B38 a body on DELETE": (f"DELETE /1 HTTP/1.1\r\n{H}Content-Length: {len(BODY)}\r\n\r\n{BODY}" + get("/2"), ["/1", "/2"]),
    "B38 a chunked body on GET": (f"GET /1 HTTP/1.1\r\n{H}{TE}\r\n{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n" + get("/2"), ["/1", "/2"]),
    "C dots, escapes and slashes": (
        get("/public/../admin") + get("/a/./b") + get("/%41%7e%c3%a9") + get("/%2570") + get("//admin///x") + get("/a?b=%zz&c"),
        ["/admin", "/a/b", "/A~%C3%A9", "/%2570", "/admin/x", "/a?b=%zz&c"]),
    "C53 the absolute form of the same host": (get("http://x/a?b") + get("http://X:80/b", "Host: x:80\r\n"), ["/a?b", "/b"]),
    "D56 an override changes nothing": (get("/1", H + "X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\n"), ["/1"]),
}


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize("name", TAKEN)
def test_taken_as_what_it_is(gateway, name, bytewise):
    data, targets = TAKEN[name]
    before = arrived(gateway)
    with Client(gateway.port()) as client:
        client.send_bytewise(data.encode("latin-1")) if bytewise else client.send(data)
        for _ in targets:
            assert client.answer().status == 200
    seen = gateway.origin.requests[before:]
    assert [request.target for request in seen] == targets
    assert all(request.method in ("GET", "POST", "DELETE") for request in seen)
    for request in seen:  # a head is written anew: one framing at most, no upgrade, nothing of a trailer
        assert len(request.all("Content-Length") + request.all("Transfer-Encoding")) <= 1
        assert not request.all("Upgrade") and b"evil" not in request.raw.replace(b": /evil", b"")


def test_a_slow_head_runs_into_one_deadline(start):
    origin = HttpOrigin()
    program = start("gateway", gateway_config([origin.address], listener={"timeout": {"header": "400ms"}}))
    with Client(program.port()) as client:
        client.send("GET / HTTP/1.1\r\n")
        answer = client.answer()
        assert answer is None or answer.status == 408
        assert client.ended()
    assert not origin.requests


def test_a_slow_body_runs_into_its_deadline(start):
    origin = HttpOrigin()
    program = start("gateway", gateway_config([origin.address], listener={"timeout": {"body": "400ms"}}))
    with Client(program.port()) as client:
        client.send(post("Content-Length: 5\r\n", "he"))
        answer = client.answer()
        assert answer is None or answer.status == 408
        assert client.ended()
    assert not origin.requests


@pytest.mark.parametrize("framing, piece", [("Content-Length: 1000000000\r\n", b"x" * 65536), (TE, b"10000\r\n" + b"x" * 65536 + b"\r\n")])
def test_a_body_that_was_answered_too_early_is_not_read_to_its_end(gateway, framing, piece):
    with Client(gateway.port()) as client:
        client.send(f"POST / HTTP/1.1\r\n{H}{framing}\r\n")
        sent = 0
        try:
            while sent < 64 * 1024 * 1024:
                client.send(piece)
                sent += len(piece)
        except ConnectionError:
            pass
        assert sent < 64 * 1024 * 1024
