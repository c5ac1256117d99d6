"""The gateway speaks HTTP/1: connections, bodies, heads, errors, logs."""
import json
import re
import threading

import pytest

from origins import HttpOrigin, Origin, RefusingPort, chunked, response
from raw import Client, ask, get, proxy_v2, wait_until
from tandem import section


def route(name, match, to, **keys):
    return section("[[route]]", name=name, match=match, to=to, **keys)


def test_requests_follow_each_other_on_one_connection_on_both_sides(gateway):
    origin = HttpOrigin()
    with Client(gateway([origin]).port()) as client:
        for n in range(5):
            assert client.send(f"GET /{n} HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"/%d" % n
    assert len(origin.connections) == 1


def test_pipelined_requests_are_answered_in_order(gateway):
    origin = HttpOrigin(lambda request: response(request.target.encode() + request.body))
    with Client(gateway([origin]).port()) as client:
        client.send(b"".join(b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" % n for n in range(20)))
        assert [client.answer().body for _ in range(20)] == [b"/%dabc" % n for n in range(20)]


def test_the_client_may_end_its_side_after_asking(gateway):
    with Client(gateway([HttpOrigin()]).port()) as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n").shutdown_write()
        assert [client.answer().body, client.answer().body] == [b"/a", b"/b"] and client.ended()


def test_http_1_0_closes_unless_asked_to_stay(gateway):
    origin = HttpOrigin(lambda request: chunked(b"some", b"thing"))
    port = gateway([origin]).port()
    with Client(port) as client:
        answer = client.send("GET / HTTP/1.0\r\n\r\n").answer()
        assert answer.body == b"something" and not answer.all("Transfer-Encoding") and client.ended()
    origin.answer = lambda request: response(b"something")
    with Client(port) as client:
        for _ in range(2):
            answer = client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer()
            assert answer.body == b"something" and answer.header("Connection").lower() == "keep-alive"


@pytest.mark.parametrize("connection, stays", [("close", False), ("keep-alive", True), ("Close\t", False),
                                               ("x, close", False), ("closed", True)])
def test_the_connection_field_decides_whether_it_stays(gateway, connection, stays):
    with Client(gateway([HttpOrigin()]).port()) as client:
        answer = client.send(f"GET / HTTP/1.1\r\nHost: x\r\nProxy-Connection: close\r\nConnection: {connection}\r\n\r\n").answer()
        assert answer.status == 200
        if stays:
            assert client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer().status == 200
        else:
            assert client.ended()


@pytest.mark.parametrize("body", [b"", b"x", b"y" * 300_000], ids=len)
def test_bodies_pass_with_a_length_and_in_chunks_both_ways(gateway, body):
    origin = HttpOrigin(lambda request: response(request.body) if "length" in request.target
                        else chunked(*filter(None, [request.body[:1], request.body[1:]])))
    port = gateway([origin]).port()
    pieces = [body[:10], body[10:]] if len(body) > 10 else [body]
    in_chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces if p) + b"0\r\n\r\n"
    for target in ("/length", "/chunks"):
        with Client(port) as client:
            client.send(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (target.encode(), len(body)) + body)
            assert client.answer().body == body
            client.send(b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % target.encode() + in_chunks)
            assert client.answer().body == body
    assert [request.body for request in origin.requests] == [body] * 4


def test_a_body_on_get_is_framed_like_any_other(gateway):
    origin = HttpOrigin()
    with Client(gateway([origin]).port()) as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        answers = [client.answer(), client.answer()]
    assert [a.status for a in answers][1] == 200 and answers[1].body == b"/b"
    assert "/evil" not in [request.target for request in origin.requests]


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"x\"\r\n\r\n",
], ids=["204", "304"])
def test_answers_without_a_body_end_with_their_head(gateway, answer):
    origin = HttpOrigin(lambda request: answer if request.target == "/none" else response(b"next"))
    with Client(gateway([origin]).port()) as client:
        assert client.send("GET /none HTTP/1.1\r\nHost: x\r\n\r\n").answer().status in (204, 304)
        assert client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"next"


def test_head_has_the_length_and_no_body(gateway):
    origin = HttpOrigin(lambda request: response(b"" if request.method == "HEAD" else b"next", headers="X-Size: 12345\r\n")
                        .replace(b"Content-Length: 0", b"Content-Length: 12345"))
    with Client(gateway([origin]).port()) as client:
        answer = client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").answer("HEAD")
        assert answer.status == 200 and answer.header("Content-Length") == "12345"
        assert client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"next"


def test_a_body_without_framing_ends_with_the_servers_connection(gateway):
    origin = HttpOrigin(lambda request: b"HTTP/1.1 200 OK\r\n\r\nuntil the end", close=True)
    answer = get(gateway([origin]).port())
    assert answer.complete and answer.body == b"until the end"


def test_expect_100_is_answered_before_the_body_and_anything_else_is_417(gateway):
    port = gateway([HttpOrigin(lambda request: response(request.body))]).port()
    with Client(port) as client:
        client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        assert client.send("body").answer().body == b"body"
    for value in ("200-ok", "y 100-continue", "100-continue, 100-continue"):
        assert ask(port, f"POST / HTTP/1.1\r\nHost: x\r\nExpect: {value}\r\nContent-Length: 4\r\n\r\nbody").status == 417


# Heads.

def test_the_service_is_told_who_asked_and_by_which_way(gateway):
    origin = HttpOrigin()
    program = gateway([origin], listener={"proxy_protocol_from": ["127.0.0.1/32"]})
    get(program.port(), "/", first=proxy_v2(("192.0.2.7", 4711), ("192.0.2.1", 80)))
    request = origin.requests[0]
    assert request.all("X-Forwarded-For") == ["192.0.2.7"] and request.all("X-Forwarded-Proto") == ["http"]
    assert request.all("X-Forwarded-Host") == ["test"] and len(request.all("Host")) == 1
    assert re.fullmatch(r"\S+-1", request.header("X-Request-Id")) and len(request.all("X-Request-Id")) == 1
    assert request.header("Via").startswith("1.1 ")


def test_what_a_client_forges_does_not_arrive(gateway):
    origin = HttpOrigin()
    forged = {name: "10.9.9.9" for name in ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix",
              "X-Forwarded-Port", "Forwarded", "X-Real-IP", "X-Request-Id", "X_Forwarded_For", "X_User", "x-forwarded-for")}
    get(gateway([origin]).port(), "/", "".join(f"{k}: {v}\r\n" for k, v in forged.items()))
    assert b"10.9.9.9" not in origin.requests[0].raw
    assert origin.requests[0].all("X-Forwarded-For") == ["127.0.0.1"]


def test_fields_of_the_connection_stay_on_it(gateway):
    origin = HttpOrigin(lambda request: response(b"x", headers="Connection: X-Inner\r\nX-Inner: 1\r\nKeep-Alive: timeout=5\r\n"
                                                               "Proxy-Authenticate: Basic\r\nX-Outer: 2\r\n"))
    port = gateway([origin]).port()
    answer = ask(port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close, X-Hop, X-Forwarded-For\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
                       "Proxy-Authorization: a\r\nTE: gzip\r\nUpgrade: h2c\r\nX-End: 2\r\n\r\n")
    request = origin.requests[0]
    for name in ("X-Hop", "Keep-Alive", "Proxy-Authorization", "TE", "Upgrade", "Proxy-Connection"):
        assert not request.all(name), name
    assert request.header("X-End") == "2" and request.all("X-Forwarded-For") == ["127.0.0.1"]
    for name in ("X-Inner", "Keep-Alive", "Proxy-Authenticate"):
        assert not answer.all(name), name
    assert answer.header("X-Outer") == "2"


def test_repeated_fields_stay_apart_and_set_cookie_is_never_joined(gateway):
    origin = HttpOrigin(lambda request: response(b"", headers="Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"))
    answer = get(gateway([origin]).port(), "/", "Accept: a\r\nAccept: b\r\n")
    assert answer.all("Set-Cookie") == ["a=1", "b=2"]
    assert ", ".join(origin.requests[0].all("Accept")) == "a, b"


def test_answers_say_through_which_gateway_they_came(gateway):
    assert "front" in get(gateway([HttpOrigin()]).port()).header("Via")


# Routes.

def test_the_routes_of_the_shop(gateway):
    origin = HttpOrigin()
    port = gateway([origin], routes=route("orders", "GET /user/{id}/orders", "service /v1/orders?user={id}")
                   + route("profile", "GET /user/{id}/profile", "service /users/{id}")
                   + route("products", "GET /products/{rest...}", "service")).port()
    for asked, told in {"/user/7/orders": "/v1/orders?user=7", "/user/7/orders?x=1": "/v1/orders?user=7&x=1",
                        "/user/a%20b&c/orders": "/v1/orders?user=a%20b%26c", "/user/7/profile": "/users/7",
                        "/products/a/b?c=d": "/products/a/b?c=d", "/products": "/products"}.items():
        assert get(port, asked).body.decode() == told
    assert get(port, "/user/7").status == 404
    refused = ask(port, "DELETE /user/7/profile HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert refused.status == 405 and {"GET", "HEAD", "OPTIONS"} <= set(re.split(", *", refused.header("Allow")))


# Errors of the gateway's own.

def problem(answer, status, reason):
    assert (answer.status, answer.header("Content-Type")) == (status, "application/problem+json")
    told = json.loads(answer.body)
    assert told["status"] == status and told["reason"] == reason and told["instance"] and told["title"] and told["type"]


def test_errors_are_problems_with_a_reason(gateway, keep):
    only = route("one", "GET /one", "service") + route("small", "POST /small", "service", max_body="10B")
    port = gateway([keep(RefusingPort())], routes=only).port()
    problem(get(port, "/other"), 404, "no_route")
    problem(ask(port, "POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 405, "method_not_allowed")
    problem(get(port, "/one"), 502, "upstream_connect")
    problem(ask(port, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n12345678901"), 413, "body_too_large")
    problem(ask(port, "GET / HTTP/1.1\r\n\r\n"), 400, "bad_request")


def test_a_chunked_body_over_the_limit_is_413_too(gateway):
    origin = HttpOrigin()
    port = gateway([origin], defaults={"max_body": "10B"}).port()
    answer = ask(port, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n")
    problem(answer, 413, "body_too_large")
    assert not origin.requests


def test_a_service_that_is_silent_resets_or_closes_has_its_own_reason(gateway, keep):
    silent = gateway([keep(Origin.silent())], defaults={"timeout": "300ms"})
    problem(get(silent.port()), 504, "upstream_timeout")
    problem(get(gateway([HttpOrigin(lambda request: None)]).port()), 502, "upstream_closed")
    problem(get(gateway([HttpOrigin(lambda request: b"HTTP/1.1 200 OK\r\n", close=True)]).port()), 502, "upstream_reset")
    assert get(gateway([keep(Origin.resetting())]).port()).status == 502


def test_a_service_that_its_check_calls_down_is_503(gateway, keep):
    program = gateway([keep(RefusingPort())], health={"check": "tcp", "every": "50ms"})
    problem(get(program.port()), 503, "no_healthy_server")


def test_a_service_that_refuses_costs_an_attempt_and_not_the_request(gateway, keep):
    program = gateway([keep(RefusingPort()), HttpOrigin()])
    for _ in range(6):
        assert get(program.port()).status == 200
    assert ask(program.port(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab").status == 200


def test_services_that_close_after_every_answer_cost_no_request(gateway):
    program = gateway([HttpOrigin(close=True)])
    with Client(program.port()) as client:
        for n in range(30):
            assert client.send(f"GET /{n} HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"/%d" % n


def test_answers_of_a_service_pass_untouched(gateway):
    origin = HttpOrigin(lambda request: response(b"its own page", status=503, reason="Busy", headers="X-Own: 1\r\n"))
    answer = get(gateway([origin]).port())
    assert (answer.status, answer.body, answer.header("X-Own")) == (503, b"its own page", "1")


# Health, log, metrics.

def test_readyz_on_the_data_port_is_for_checks_only(gateway):
    program = gateway([HttpOrigin()], listener={"proxy_protocol_from": ["127.0.0.1/32"]})
    assert get(program.port(), "/readyz", first=proxy_v2(command=0)).body != b"/readyz"
    assert get(program.port(), "/readyz", first=proxy_v2(command=0)).status == 200
    assert get(program.port(), "/readyz", first=proxy_v2()).body == b"/readyz"  # a client's: routed
    assert program.admin("/readyz")[0] == 200


def test_a_line_in_the_access_log_tells_the_request(gateway):
    origin = HttpOrigin(lambda request: response(b"12345"))
    program = gateway([origin], listener={"proxy_protocol_from": ["127.0.0.1/32"]})
    tlvs = b"\x05\x00\x06conn-1"
    ask(program.port(), "POST /a/b?c=d HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        first=proxy_v2(tlvs=tlvs))
    entry = program.access_log(count=1)[0]
    expected = {"id": "conn-1-1", "client": "192.0.2.7:4711", "method": "POST", "host": "shop.example", "path": "/a/b",
                "route": "all", "status": 200, "bytes_in": 3, "bytes_out": 5, "upstream": "service",
                "server": origin.address, "attempts": 1}
    assert {key: entry.get(key) for key in expected} == expected
    assert entry["time"] and entry["duration_ms"] >= 0 and entry["upstream_ms"] >= 0
    assert origin.requests[0].header("X-Request-Id") == "conn-1-1"
    assert program.metric("gateway_requests_total", route="all", method="POST", status="200") == 1


def test_a_thousand_requests_side_by_side_do_not_mix(gateway):
    program = gateway([HttpOrigin(), HttpOrigin()])
    wrong = []

    def work(worker):
        with Client(program.port()) as client:
            for n in range(50):
                target = f"/{worker}/{n}"
                if client.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").answer().body != target.encode():
                    wrong.append(target)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert wait_until(lambda: program.metric("gateway_requests_total") == 1000)
