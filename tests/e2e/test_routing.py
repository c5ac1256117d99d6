"""Which route a request takes beyond its path, and how the requests of one route are shared out."""
import re
from collections import Counter

from origins import HttpOrigin, Origin, RefusingPort, response
from raw import Client, ask, get, wait_until
from tandem import section


def named(name):
    """A service that answers with its name and what it was asked for."""
    return HttpOrigin(lambda request: response(f"{name} {request.target}".encode()))


def route(match, **keys):
    return section("[[route]]", match=match, **keys)


def upstream(name, servers, **keys):
    return section(f"[upstream.{name}]", servers=[getattr(s, "address", s) for s in servers], **keys) + section(
        f"[upstream.{name}.health]", check="off")


def test_more_conditions_that_hold_go_first(gateway):
    a, b, c = named("a"), named("b"), named("c")
    routes = (route("/x", to="service") + route("/x", to="b", when={"header": {"X-Version": "2"}})
              + route("/x", to="c", when={"header": {"X-Version": "2"}, "query": {"debug": "1 2"}})
              + upstream("b", [b]) + upstream("c", [c]))
    port = gateway([a], routes=routes).port()
    assert get(port, "/x").body == b"a /x"
    assert get(port, "/x", "x-version: 2\r\n").body == b"b /x"
    assert get(port, "/x", "X-Version: 3\r\n").body == b"a /x"
    assert get(port, "/x?debug=1+2", "X-Version: 2\r\n").body == b"c /x?debug=1+2"
    assert get(port, "/x?debug=1+2").body == b"a /x?debug=1+2"


def test_a_field_that_decides_and_stands_twice_is_refused(gateway):
    origin = named("a")
    program = gateway([origin], routes=route("/x", to="service", when={"header": {"V": "1"}, "query": {"q": "1"}})
                      + route("/x", to="service", when={"query": {"q": "2"}}))
    port = program.port()
    for target, headers in (("/x?q=1&q=1", "V: 1\r\n"), ("/x?q=1&%71=2", "V: 1\r\n"), ("/x?q=1", "V: 1\r\nv: 2\r\n")):
        answer = get(port, target, headers)
        assert answer.status == 400 and b'"repeated_field"' in answer.body
    assert not origin.requests
    assert get(port, "/x?q=2", "V: 1\r\nV: 2\r\n").status == 200  # nothing goes by V here
    assert len(program.access_log(3, reason="repeated_field")) == 3


def test_encoded_slashes_stay_inside_their_segment_where_a_route_takes_them(gateway):
    routes = (route("/files/{name}", to="service /f/{name}?n={name}", encoded_slashes=True)
              + route("/other/{name}", to="service"))
    port = gateway([named("a")], routes=routes).port()
    assert get(port, "/files/a%2fb").body == b"a /f/a%2Fb?n=a%2Fb"
    for target in ("/other/a%2Fb", "/none/a%2Fb", "/files/..%2Fb", "/files/a%5Cb"):
        assert get(port, target).status == 400


def test_a_split_is_exact_and_even(gateway):
    a, b = named("a"), named("b")
    program = gateway([a], workers=2, routes=upstream("b", [b]) + route("/{id}", to=[
        {"upstream": "service", "weight": 3}, {"upstream": "b", "path": "/new/{id}"}]))
    answers = [get(program.port(), f"/{n}").body.decode() for n in range(40)]
    assert Counter(answer.split()[0] for answer in answers) == {"a": 30, "b": 10}
    assert all(answer.split()[1] == (f"/new/{n}" if answer[0] == "b" else f"/{n}") for n, answer in enumerate(answers))
    assert all(sum(answer[0] == "b" for answer in answers[n:n + 4]) == 1 for n in range(0, 40, 4))


def test_a_target_without_a_server_is_left_out_of_a_split(gateway):
    refusing = RefusingPort()
    program = gateway([named("a")], routes=section("[upstream.b]", servers=[refusing.address]) + section(
        "[upstream.b.health]", every="50ms", fall=1) + route("/", to=[{"upstream": "service"}, {"upstream": "b"}]))
    assert {get(program.port(), "/").status for _ in range(8)} == {200}


def test_a_cookie_keeps_a_client_at_its_target_in_every_gateway(gateway):
    a, b = named("a"), named("b")
    split = [{"upstream": "service", "weight": 1}, {"upstream": "b", "weight": 1}]
    first = gateway([a], routes=upstream("b", [b]) + route("/", to=split, sticky="cookie:lane"))
    other = gateway([a], routes=upstream("b", [b]) + route("/", to=split[::-1], sticky="cookie:lane"))
    seen = Counter()
    for _ in range(24):
        answer = get(first.port(), "/")
        given = answer.header("Set-Cookie")
        assert re.fullmatch(r"lane=[0-9a-f]{16}; Path=/; HttpOnly; SameSite=Lax", given)
        seen[answer.body] += 1
        again = [get(program.port(), "/", f"Cookie: a=1; {given.split(';')[0]}\r\n") for program in (first, other)]
        assert all(one.body == answer.body and one.header("Set-Cookie") is None for one in again)
    assert len(seen) == 2


def test_a_header_keeps_requests_together_and_who_lacks_it_is_spread(gateway):
    a, b = named("a"), named("b")
    port = gateway([a], routes=upstream("b", [b]) + route("/", to=[{"upstream": "service"}, {"upstream": "b"}],
                                                          sticky="header:X-Tenant")).port()
    for tenant in range(12):
        assert len({get(port, "/", f"X-Tenant: t{tenant}\r\n").body for _ in range(3)}) == 1
    assert len({get(port, "/", f"X-Tenant: t{tenant}\r\n").body for tenant in range(24)}) == 2
    assert Counter(get(port, "/").body[:1] for _ in range(8)) == {b"a": 4, b"b": 4}


def test_a_hashed_upstream_goes_by_its_key(gateway):
    servers = [named(str(n)) for n in range(3)]
    by_header = gateway(servers, upstream={"balance": "hash", "hash_key": "header:X-Tenant"}).port()
    by_cookie = gateway(servers, upstream={"balance": "hash", "hash_key": "cookie:sid"}).port()
    by_ip = gateway(servers, upstream={"balance": "hash", "hash_key": "ip"}).port()
    by_source = gateway(servers, upstream={"balance": "source_hash"}).port()
    assert len({get(port, "/").body for port in (by_ip, by_source) for _ in range(5)}) == 1
    spread = set()
    for key in map(str, range(20)):
        answers = {get(by_header, "/", f"X-Tenant: {key}\r\n").body for _ in range(3)}
        answers |= {get(by_cookie, "/", f"Cookie: x=y; sid=\"{key}\"\r\n").body}
        assert len(answers) == 1
        spread |= answers
    assert len(spread) == 3
    assert len({get(by_header, "/").body for _ in range(40)}) == 3  # nothing to hash: anywhere


def test_an_unknown_method_and_head_on_fixed_answers(gateway):
    routes = (route("GET /r", respond={"status": 201, "body": "hello", "headers": {"X-A": "b"}})
              + route("GET /none", respond={"status": 204}) + route("GET /not", respond={"status": 304})
              + route("GET /go/{rest...}", redirect={"to": "https://{host}/new/{rest}", "status": 301}))
    port = gateway([named("a")], routes=routes).port()
    head = ask(port, "HEAD /r HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", to="HEAD")
    assert head.status == 201 and head.body == b"" and head.header("Content-Length") == "5" and head.header("X-A") == "b"
    with Client(port) as client:
        for target in ("/none", "/not", "/r"):
            answer = client.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").answer()
            assert (answer.header("Content-Length"), answer.body) == (("5", b"hello") if target == "/r" else (None, b""))
    answer = ask(port, "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert answer.status == 405 and answer.header("Allow") == "GET, HEAD, OPTIONS"
    for target, location in (("/go/a/b?c=d", "https://test/new/a/b"), ("/go//evil.example", "https://test/new/evil.example"),
                             ("/go/%0d%0aX:1", None), ("/go/a%3Fb", "https://test/new/a%3Fb")):
        answer = get(port, target)
        assert (answer.status, answer.header("Location")) == ((301, location) if location else (400, None))


def mirrored(gateway, origin, copies, **keys):
    mirror = {"to": "copies", **keys} if keys else "copies"
    return gateway([origin], routes=upstream("copies", [copies]) + route("/x/{id}", name="x", to="service /v1/{id}?a={id}",
                                                                         mirror=mirror))


def copies_are(program, **counts):
    wait_until(lambda: all(program.metric("gateway_mirror_total", route="x", result=name) == n
                           for name, n in counts.items()), what=f"copies counted as {counts}")


def test_a_mirror_gets_what_the_service_gets_but_credentials(gateway):
    origin, copies = named("a"), HttpOrigin(lambda request: response(b"nobody reads this", status=500))
    program = mirrored(gateway, origin, copies)
    credentials = "Authorization: Basic abc\r\nCookie: a=b\r\n"
    assert get(program.port(), "/x/7?b=1", credentials + "X-Other: c\r\n").body == b"a /v1/7?a=7&b=1"
    assert ask(program.port(), "POST /x/8 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").status == 200
    copies_are(program, answered=2)
    first, second = copies.requests
    names = {name.lower() for name, _ in first.headers}
    assert first.target == "/v1/7?a=7&b=1" and {"x-other", "x-request-id"} <= names
    assert not {"authorization", "cookie"} & names
    assert (second.method, second.target, second.body) == ("POST", "/v1/8?a=8", b"abcde")
    assert {name.lower() for name, _ in origin.requests[0].headers} >= {"authorization", "cookie"}
    assert len(program.access_log(2)) == 2


def test_a_mirror_with_its_own_path_and_credentials_when_asked(gateway):
    copies = named("copy")
    program = mirrored(gateway, named("a"), copies, to="copies /copy/{id}", credentials=True, max_body="4B")
    assert get(program.port(), "/x/7", "Cookie: a=b\r\n").status == 200
    assert ask(program.port(), "POST /x/8 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde").status == 200
    assert ask(program.port(), "POST /x/9 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd").status == 200
    copies_are(program, answered=2, body_too_large=1)
    assert [request.target for request in copies.requests] == ["/copy/7", "/copy/9"]
    assert ("Cookie", "a=b") in copies.requests[0].headers


def test_a_mirror_that_is_slow_or_gone_changes_nothing(gateway):
    silent, refusing = Origin.silent(), RefusingPort()
    program = mirrored(gateway, named("a"), silent)
    with Client(program.port()) as client:
        for n in range(300):
            assert client.send(f"GET /x/{n} HTTP/1.1\r\nHost: x\r\n\r\n").answer().status == 200
    copies_are(program, overloaded=300 - 256)
    program = mirrored(gateway, named("a"), refusing)
    assert get(program.port(), "/x/1").status == 200
    copies_are(program, failed=1)
