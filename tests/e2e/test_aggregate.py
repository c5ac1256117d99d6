"""[[route.part]]: what becomes of one answer out of many when services are slow, broken or hostile, and when clients
leave."""
import hashlib
import json
import threading
import time

import pytest

from origins import HttpOrigin, Origin, RefusingPort, chunked, response
from raw import Client, get, wait_until
from tandem import section, toml

JSON = "Content-Type: application/json\r\n"


def part(name, call, method="get", **keys):
    return "[[route.part]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in
                                        {"name": name, method: call, **keys}.items())


def route(*parts, match="GET /home", **keys):
    return section("[[route]]", match=match, **keys) + "".join(parts) + "\n"


def upstream(name, servers, **keys):
    return (section(f"[upstream.{name}]", servers=[getattr(s, "address", s) for s in servers], **keys)
            + section(f"[upstream.{name}.health]", check="off"))


def says(value, **more):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return response(body, headers=JSON + more.pop("headers", ""), **more)


def scripted(**answers):
    """A service: by the path's first segment, an answer or a function of the request."""
    def answer(request):
        found = answers.get(request.target.strip("/").split("/")[0].split("?")[0])
        found = found(request) if callable(found) else found
        return says({"error": request.target}, status=404) if found is None else found
    return HttpOrigin(answer)


def parts_of(answer):
    """Gateway-Parts as {name: {parameter: value}}."""
    told = {}
    for item in answer.header("Gateway-Parts").split(", "):
        name, *parameters = item.split(";")
        told[name] = {key: value or True for key, _, value in (one.partition("=") for one in parameters)}
    return told


GOOD = part("good", "service /good", put="good")
FAULTS = {
    "connect": (lambda: RefusingPort(), "connect"),
    "reset": (lambda: Origin.resetting(after=30), "reset closed"),
    "closed": (lambda: Origin(lambda c: c.read()), "closed"),
    "500": (lambda: HttpOrigin(lambda r: says({"a": 1}, status=500)).origin, "status"),
    "redirect": (lambda: HttpOrigin(lambda r: response(b"", status=302, headers="Location: /x\r\n")).origin, "status"),
    "html": (lambda: HttpOrigin(lambda r: response(b"<html>", headers="Content-Type: text/html\r\n")).origin, "content_type"),
    "html without a type": (lambda: HttpOrigin(lambda r: response(b"<html>")).origin, "json"),
    "half": (lambda: HttpOrigin(lambda r: says(b'{"a": [1, {"b": "')).origin, "json"),
    "empty": (lambda: HttpOrigin(lambda r: says(b"")).origin, "json"),
    "cut short": (lambda: HttpOrigin(lambda r: says(b"[1]")[:-1], close=True).origin, "reset closed"),
    "utf-8": (lambda: HttpOrigin(lambda r: says(b'["\xff\xfe"]')).origin, "json"),
    "deep": (lambda: HttpOrigin(lambda r: says(b"[" * 200_000)).origin, "json"),
    "twice": (lambda: HttpOrigin(lambda r: says(b'{"a":1,"b":{"c":1,"c":2}}')).origin, "json"),
    "no http": (lambda: Origin.says(b"SSH-2.0-OpenSSH\r\n\r\n"), "protocol"),
    "gzip": (lambda: HttpOrigin(lambda r: says(b"\x1f\x8b", headers="Content-Encoding: gzip\r\n")).origin, "encoding"),
    "200 MB announced": (lambda: HttpOrigin(lambda r: b"HTTP/1.1 200 OK\r\nContent-Length: 209715200\r\n" + JSON.encode()
                                            + b"\r\n[" + b"1," * 1000).origin, "too_large"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_part_that_fails_is_left_out_with_its_reason(fault, gateway, keep):
    make, errors = FAULTS[fault]
    service = scripted(good=says({"ok": True}))
    bad = keep(make())
    program = gateway([service], routes=upstream("bad", [bad]) +
                      route(GOOD, part("bad", "bad /bad", put="bad", fallback={"instead": 1}), part("gone", "bad /bad", put="gone")) +
                      route(GOOD, part("bad", "bad /bad", put="bad", required=True), match="GET /needed"))
    answer = get(program.port(), "/home")
    told = parts_of(answer)
    assert json.loads(answer.body) == {"good": {"ok": True}, "bad": {"instead": 1}}
    err = told["bad"]["err"]
    assert err == told["gone"]["err"] and err in errors.split()
    assert told["bad"]["fallback"] and "err" not in told["good"]
    assert answer.header("Cache-Control") == "no-store"
    answer = get(program.port(), "/needed")
    assert answer.status == 502 and json.loads(answer.body)["reason"] == "part_failed"
    assert parts_of(answer)["bad"]["err"] == err
    assert program.metric("gateway_parts_total", part="bad", result=err) == 2
    assert program.metric("gateway_parts_total", part="good", result="ok") >= 1
    line = program.access_log(count=2)[1]
    assert line["reason"] == "part_failed" and f"err={err}" in line["parts"] and line["status"] == 502


def test_a_body_without_end_costs_its_part_only(gateway, keep):
    sent = []

    def endless(connection):
        while b"\r\n\r\n" not in connection.received:
            if not connection.read():
                return
        connection.socket.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b"1," * 0x8000 + b"\r\n"
        for _ in range(200 * 16):  # 200 MB
            connection.socket.sendall(piece)
            sent.append(len(piece))
    service = scripted(good=says([1]))
    program = gateway([service], routes=upstream("big", [keep(Origin(endless))]) +
                      route(GOOD, part("big", "big /", put="big"), part("small", "big /", put="small", max_size="100KiB")))
    answer = get(program.port(), "/home")
    assert json.loads(answer.body) == {"good": [1]}
    assert {parts_of(answer)[name]["err"] for name in ("big", "small")} == {"too_large"}
    assert sum(sent) < 32 * 1024 * 1024 and program.peak_kib() < 120 * 1024


def test_the_parts_together_have_a_limit(gateway):
    service = scripted(big=says(["x" * 60_000]))
    limited = route(*(part(f"p{i}", "service /big", put=f"p{i}") for i in range(3)), aggregate={"max_size": "150KiB"})
    program = gateway([service], routes=limited)
    answer = get(program.port(), "/home")
    assert answer.status == 502 and json.loads(answer.body)["reason"] == "part_failed"
    program = gateway([service], routes=limited.replace("150KiB", "200KiB"))
    assert get(program.port(), "/home").status == 200


def test_parts_run_side_by_side_and_one_that_hangs_has_its_own_deadline(gateway, keep):
    begun, together = [], threading.Barrier(3, timeout=15)

    def meet(request):
        begun.append(request.target)
        together.wait()  # none answers before all are there
        return says({request.target.strip("/"): 1})
    service = scripted(a=meet, b=meet, c=meet)
    program = gateway([service], routes=upstream("slow", [keep(Origin.silent())]) + route(
        part("a", "service /a"), part("b", "service /b"), part("c", "service /c"),
        part("hung", "slow /", put="hung", timeout="200ms", fallback=[]), timeout="10s"))
    began = time.monotonic()
    answer = get(program.port(), "/home")
    took = time.monotonic() - began
    assert json.loads(answer.body) == {"a": 1, "b": 1, "c": 1, "hung": []} and sorted(begun) == ["/a", "/b", "/c"]
    assert parts_of(answer)["hung"]["err"] == "timeout" and 0.2 <= took < 5
    assert 200 <= int(parts_of(answer)["hung"]["ms"]) < 5000


def test_the_whole_has_a_deadline(gateway, keep):
    service = scripted(good=says([1]))
    hung = upstream("slow", [keep(Origin.silent())])
    program = gateway([service], routes=hung +
                      route(GOOD, part("hung", "slow /", put="hung"), part("later", "service /x/{hung.id}", put="later"), timeout="200ms") +
                      route(GOOD, part("hung", "slow /", put="hung", required=True), match="GET /needed", timeout="200ms"))
    answer = get(program.port(), "/home")
    assert answer.status == 200 and json.loads(answer.body) == {"good": [1]}
    assert parts_of(answer)["hung"]["err"] == "timeout" and parts_of(answer)["later"]["err"] == "dependency"
    answer = get(program.port(), "/needed")
    assert answer.status == 504 and json.loads(answer.body)["reason"] == "part_failed"


def test_a_body_that_stops_is_given_up_at_the_deadline(gateway, keep):
    def stops(connection):
        while b"\r\n\r\n" not in connection.received:
            if not connection.read():
                return
        connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,")
        connection.read_all()
    program = gateway([scripted(good=says([1]))], routes=upstream("slow", [keep(Origin(stops))]) +
                      route(GOOD, part("hung", "slow /", put="hung", timeout="150ms")))
    assert parts_of(get(program.port(), "/home"))["hung"]["err"] == "timeout"


def test_who_leaves_ends_the_parts(gateway, keep):
    silent = Origin.silent()
    program = gateway([keep(silent)], routes=route(part("a", "service /a", put="a"), part("b", "service /b", put="b"), timeout="1m"))
    with Client(program.port()) as client:
        client.send("GET /home HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: len(silent.connections) == 2 and all(c.received for c in silent.connections), what="both parts")
        client.reset()
    for connection in silent.connections:
        assert connection.ended.wait(15), "a part goes on without its client"
    assert program.access_log(count=1)[0]["reason"] == "client_closed"


def test_a_failed_required_part_ends_the_others_at_once(gateway, keep):
    silent = Origin.silent()
    program = gateway([scripted(bad=says({}, status=404))], routes=upstream("slow", [keep(silent)]) +
                      route(part("slow", "slow /", put="slow"), part("bad", "service /bad", required=True), timeout="1m"))
    answer = get(program.port(), "/home")
    assert answer.status == 404 and parts_of(answer)["slow"]["err"] == "cancelled"
    for connection in silent.connections:
        assert connection.ended.wait(15)


def test_a_part_has_the_retries_of_its_upstream_and_one_that_refuses_says_so(gateway, keep):
    tries = []

    def shaky(request):
        tries.append(1)
        return says({}, status=503) if len(tries) == 1 else says({"try": len(tries)})
    service = scripted(shaky=shaky)
    broken = HttpOrigin(lambda request: says({}, status=500))
    program = gateway([service], upstream={"retry": {"times": 1}}, routes=upstream(
        "broken", [broken], breaker={"failures": "50%", "of_at_least": 2, "within": "1m", "open_for": "1m"}) +
        route(part("shaky", "service /shaky"), part("broken", "broken /", put="b")))
    answer = get(program.port(), "/home")
    assert json.loads(answer.body) == {"try": 2}
    assert program.access_log(count=1)[0]["attempts"] == 3
    get(program.port(), "/home")
    told = wait_until(lambda: (lambda t: t if t["broken"]["err"] == "breaker_open" else None)(parts_of(get(program.port(), "/home"))))
    assert "s" not in told["broken"] or told["broken"]["s"] == "503"
    assert json.loads(program.admin("/status")[2])["breakers"][0]["state"] == "open"


@pytest.mark.parametrize("count, most, expected", [(1000, None, "too_many"), (1000, 2000, None)])
def test_a_thousand_elements_are_bounded_in_number_and_in_parallel(count, most, expected, gateway):
    lock, state = threading.Lock(), {"now": 0, "most": 0, "all": 0}

    def product(request):
        with lock:
            state["now"] += 1
            state["all"] += 1
            state["most"] = max(state["most"], state["now"])
        number = int(request.target.rsplit("/", 1)[1])
        with lock:
            state["now"] -= 1
        return says({"n": number})
    service = scripted(list=says([{"id": i} for i in range(count)] * 2), product=product)
    program = gateway([service], routes=route(
        part("list", "service /list", put="list"),
        part("product", "service /product/{each}", each="list[].id", put="list[].product", parallel=4, max_elements=most or 100),
        timeout="60s"))
    answer = get(program.port(), "/home")
    told = parts_of(answer)["product"]
    assert told.get("err") == expected
    if expected:
        assert state["all"] == 0 and json.loads(answer.body) == {"list": [{"id": i} for i in range(count)] * 2}
    else:
        assert json.loads(answer.body) == {"list": [{"id": i, "product": {"n": i}} for i in range(count)] * 2}
        assert state["all"] == count and state["most"] <= 4 and told["n"] == str(count)


def test_elements_that_fail_are_left_out_or_replaced_and_a_required_part_needs_them_all(gateway):
    def product(request):
        number = int(request.target.rsplit("/", 1)[1])
        return says({"n": number}) if number % 2 else says({}, status=500)
    service = scripted(list=says([{"id": i} for i in range(4)]), product=product)
    items = part("list", "service /list", put="list")
    each = {"each": "list[].id", "put": "list[].p"}
    program = gateway([service], routes=route(items, part("p", "service /product/{each}", **each)) +
                      route(items, part("p", "service /product/{each}", **each, fallback={"n": -1}), match="GET /instead") +
                      route(items, part("p", "service /product/{each}", **each, required=True), match="GET /needed"))
    answer = get(program.port(), "/home")
    assert json.loads(answer.body)["list"] == [{"id": 0}, {"id": 1, "p": {"n": 1}}, {"id": 2}, {"id": 3, "p": {"n": 3}}]
    assert parts_of(answer)["p"]["failed"] == "2" and parts_of(answer)["p"]["err"] == "status"
    answer = get(program.port(), "/instead")
    assert [item["p"]["n"] for item in json.loads(answer.body)["list"]] == [-1, 1, -1, 3]
    assert get(program.port(), "/needed").status == 502


def test_services_see_only_what_the_file_lets_through(gateway):
    service = scripted(good=says([1]))
    program = gateway([service], routes=route(
        part("good", "service /good?a={id}", put="good", headers=["Accept-Language", "X-Two"]), match="GET /home/{id}",
        headers={"request": {"set": {"X-Set": "param:id"}}}))
    get(program.port(), "/home/7?query=secret", "Accept-Language: de\r\nCookie: a=b\r\nAuthorization: Basic eDp5\r\n"
        "X-Two: 1\r\nX-Two: 2\r\nX-Other: 3\r\nRange: bytes=0-1\r\nIf-None-Match: \"x\"\r\nAccept-Encoding: gzip\r\nX-Set: forged\r\n")
    request = service.requests[0]
    assert request.target == "/good?a=7" and request.method == "GET"
    names = sorted(name.lower() for name, _ in request.headers)
    assert names == sorted(["host", "accept-language", "x-two", "x-two", "x-set", "accept", "x-request-id", "traceparent",
                            "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "via"])
    assert request.header("X-Set") == "7" and request.header("Accept") == "application/json"


def test_a_head_request_has_the_fields_and_no_body(gateway):
    program = gateway([scripted(good=says([1]))], routes=route(GOOD))
    with Client(program.port()) as client:
        answer = client.send("HEAD /home HTTP/1.1\r\nHost: x\r\n\r\n").answer("HEAD")
        assert answer.status == 200 and answer.header("Content-Length") == str(len('{"good":[1]}')) and not answer.body
        assert client.send("GET /home HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b'{"good":[1]}'


def test_a_post_part_is_sent_whole_again_where_the_upstream_says_so(gateway, keep):
    bodies = []

    def answer(request):
        bodies.append(request.body)
        return says({}, status=503) if len(bodies) == 1 else says({"ok": 1})
    service = HttpOrigin(answer)
    keep(service.origin)
    text = "x" * 100_000
    program = gateway([service], upstream={"retry": {"times": 1, "non_idempotent": True}},
                      routes=route(part("p", "service /", method="post", body=f'{{"text": "{text}"}}')))
    assert json.loads(get(program.port(), "/home").body) == {"ok": 1}
    assert bodies == [f'{{"text": "{text}"}}'.encode()] * 2


def test_reload_ends_nothing_and_changes_what_comes_next(gateway):
    release = threading.Event()

    def slow(request):
        release.wait(15)
        return says({"old": 1})
    service = scripted(slow=slow, fast=says({"new": 2}))
    program = gateway([service], routes=route(part("p", "service /slow")))
    text = program.config.read_text()
    with Client(program.port()) as client:
        client.send("GET /home HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: service.requests)
        program.reload(text.replace("/slow", "/fast"))
        assert json.loads(get(program.port(), "/home").body) == {"new": 2}
        release.set()
        assert json.loads(client.answer().body) == {"old": 1}


def test_chunked_bodies_and_many_clients_at_once(gateway):
    service = scripted(a=chunked(b'{"a":', b"[1,2", b",3]}", headers=JSON), b=says({"b": "x" * 5000}), c=says({"c": 1}))
    program = gateway([service], workers=2, routes=route(part("a", "service /a"), part("b", "service /b"), part("c", "service /c")))
    seen, failures = [], []

    def ask():
        with Client(program.port()) as client:
            for _ in range(20):
                answer = client.send("GET /home HTTP/1.1\r\nHost: x\r\n\r\n").answer()
                (seen if answer.status == 200 else failures).append(answer.body)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and len(seen) == 160 and len(set(seen)) == 1


def cached_route(name, *parts, **keys):
    return route(*parts, match=f"GET /{name}", **keys)


def test_a_part_may_have_a_cache(gateway):
    def product(request):
        return says({"p": request.target}, headers="Cache-Control: max-age=60\r\n")
    service = scripted(product=product, list=lambda r: says([{"id": i} for i in range(3)]), private=lambda r: says({"mine": 1}))
    cache = section("[cache.shared]", size="1MiB")
    items = part("list", "service /list", put="list")
    program = gateway([service], routes=cache + cached_route(
        "home", items, part("p", "service /product/{each}", each="list[].id", put="list[].p", cache="shared"),
        part("mine", "service /private", cache="shared")))
    for _ in range(3):
        answer = get(program.port(), "/home")
        assert json.loads(answer.body)["list"] == [{"id": i, "p": {"p": f"/product/{i}"}} for i in range(3)]
    asked = [request.target for request in service.requests]
    assert sorted(one for one in asked if "product" in one) == ["/product/0", "/product/1", "/product/2"]
    assert asked.count("/list") == 3 and asked.count("/private") == 3  # it says nothing of being fresh
    assert program.metric("gateway_cache_total", cache="shared", result="hit") == 6
    assert parts_of(answer)["mine"]["cache"] == "miss"


def test_a_cached_part_is_each_callers_own_where_the_route_asks_who_calls(gateway, tmp_path):
    service = scripted(me=lambda r: says({"for": r.header("X-User")}, headers="Cache-Control: max-age=60\r\n"))
    keys = {name: f"key-{name}-0123456789abcdef" for name in ("ada", "bob")}

    consumers = "".join(f'[[consumer]]\nname = "{name}"\nkey_hash = "sha256:{hashlib.sha256(key.encode()).hexdigest()}"\n'
                        for name, key in keys.items())
    routes = (section("[cache.shared]", size="1MiB")
              + section("[auth.partners]", kind="api_key", consumers={"file": "partners.toml"}, **{"from": "header:X-Api-Key"})
              + cached_route("me", part("me", "service /me", cache="shared"), auth=["partners"],
                             headers={"request": {"set": {"X-User": "consumer:name"}}}))
    program = gateway([service], routes=routes, files={"partners.toml": consumers})
    for _ in range(2):
        for name, key in keys.items():
            answer = get(program.port(), "/me", f"X-Api-Key: {key}\r\n")
            assert json.loads(answer.body) == {"for": name}, answer.body
    assert len(service.requests) == 2
    assert get(program.port(), "/me").status == 401 and len(service.requests) == 2


def test_an_aggregate_is_stored_whole_and_never_when_it_lacks_a_part(gateway):
    state = {"broken": True}

    def shaky(request):
        return says({}, status=500) if state["broken"] else says({"b": 1}, headers="Cache-Control: max-age=30\r\n")
    service = scripted(a=lambda r: says({"a": 1}, headers="Cache-Control: max-age=60\r\n"), b=shaky)
    program = gateway([service], routes=section("[cache.shared]", size="1MiB") +
                      cached_route("home", part("a", "service /a"), part("b", "service /b"), cache="shared"))
    first = get(program.port(), "/home")
    assert json.loads(first.body) == {"a": 1} and first.header("Cache-Control") == "no-store"
    state["broken"] = False
    second = wait_until(lambda: (lambda a: a if b'"b"' in a.body else None)(get(program.port(), "/home")))
    assert second.header("Cache-Control") == "max-age=30" and parts_of(second)["b"]["s"] == "200"

    def hit():
        answer = get(program.port(), "/home")
        return answer if "hit" in answer.header("Cache-Status") else None
    answer = wait_until(hit, 20, "a stored aggregate")
    asked = len(service.requests)
    assert answer.body == second.body and get(program.port(), "/home").body == second.body
    assert len(service.requests) == asked
