"""Traces: spans of requests, exported to a collector as OTLP over HTTP with JSON; and a collector that is of no use
costs spans, never requests."""
import json
import re
import threading
import time

import pytest

from collector import Collector
from issuer import Keys
from origins import HttpOrigin, Origin, RefusingPort, response
from raw import Client, get, wait_until
from tandem import gateway_config, lb_config, run, section

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
ALL = section("[[route]]", name="all", match="/things/{id}", to="service")


@pytest.fixture
def collector(keep):
    made = Collector()
    keep(made.origin)
    return made


def trace(collector, **keys):
    url = collector if isinstance(collector, str) else f"http://{collector.address}"
    return section("[trace]", **{"endpoint": url, "sample": "100%", "slow": "none", "interval": "20ms", **keys})


@pytest.fixture
def traced(gateway, keep, collector):
    """traced(answer=…, routes=…, **of [trace]) -> (gateway, service)."""
    def make(answer=None, routes=ALL, servers=None, more=None, **keys):
        service = HttpOrigin(answer)
        keep(service.origin)
        text = trace(keys.pop("endpoint", collector), **keys)
        return gateway(servers or [service], routes=text + routes, **(more or {})), service
    return make


def children(spans, parent):
    return sorted((s for s in spans if s.parent == parent.id), key=lambda s: s.begin)


def test_one_id_joins_the_logs_of_both_what_the_service_gets_and_the_spans(start, keep, collector):
    service = HttpOrigin()
    keep(service.origin)
    gateway = start("gateway", gateway_config(
        [service.address], routes=trace(collector, service="shop") + ALL, listener={"proxy_protocol_from": ["127.0.0.0/8"]}))
    lb = start("lb", lb_config([f"127.0.0.1:{gateway.port()}"], upstream={"proxy_protocol": "v2"}))
    with Client(lb.port()) as client:
        client.send("GET /things/7?secret=1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: test/1\r\n\r\n").answer()
    [of_lb] = lb.access_log(1)
    [of_gateway] = gateway.access_log(1)
    [request] = service.requests
    exchange, attempt = sorted(collector.spans(2), key=lambda s: s.kind != "server")
    assert of_gateway["conn"] == of_lb["id"] == exchange.attributes["tandem.conn"]
    assert of_gateway["id"] == f"{of_lb['id']}-1" == request.header("X-Request-Id") == exchange.attributes["tandem.request_id"]
    assert request.header("traceparent") == f"00-{of_gateway['trace']}-{attempt.id}-01"
    assert exchange.trace == attempt.trace == of_gateway["trace"]
    assert (exchange.parent, attempt.parent) == (None, exchange.id)
    assert (exchange.kind, exchange.name, exchange.error) == ("server", "GET /things/{id}", None)
    assert (attempt.kind, attempt.name, attempt.events) == ("client", "attempt service", ["connected", "first_byte"])
    told = exchange.attributes
    assert (told["http.route"], told["url.path"], told["http.response.status_code"], told["server.address"]) == (
        "/things/{id}", "/things/7", 200, "shop.example")
    assert (told["client.address"], told["user_agent.original"], told["tandem.route"]) == ("127.0.0.1", "test/1", "all")
    assert told["http.response.body.size"] == len("/things/7?secret=1")
    assert (attempt.attributes["server.port"], attempt.attributes["tandem.server"]) == (service.port, service.address)
    assert exchange.resource["service.name"] == "shop" and exchange.resource["service.instance.id"]
    assert all("secret" not in str(span.attributes) for span in (exchange, attempt))
    assert exchange.begin <= attempt.begin <= attempt.end <= exchange.end


def test_each_part_of_an_aggregate_is_a_span_with_its_attempts_below(traced, collector):
    tries = []

    def answer(request):
        if request.target == "/b":
            tries.append(request)
            return response(b"", status=503 if len(tries) == 1 else 204)
        return response(b'{"id": 7}', status=200 if request.target == "/a" else 404, headers="Content-Type: application/json\r\n")
    program, _ = traced(answer, section("[[route]]", name="home", match="GET /home") + "".join(
        f'[[route.part]]\nname = "{name}"\nget = "service {target}"\n{more}' for name, target, more in (
            ("a", "/a", ""), ("b", "/b", ""), ("c", "/c/{a.id}", 'put = "c"\nfallback = {}\n'), ("d", "/d/{a.none}", ""), ("e", "/e", ""))), more={"upstream": {"retry": {"times": 1}}})
    assert get(program.port(), "/home").status == 200
    exchange = next(s for s in collector.spans(11) if s.kind == "server")
    parts = {s.name: s for s in children(collector.taken, exchange)}
    assert {name: (s.kind, s.attributes.get("tandem.part"), s.attributes.get("http.response.status_code"), s.error) for name, s in parts.items()} == {
        "part a": ("internal", "ok", 200, None), "part b": ("internal", "ok", 204, None), "part c": ("internal", "fallback", 404, "status"),
        "part d": ("internal", "failed", None, "reference"), "part e": ("internal", "failed", 404, "status")}
    below = {name: [(s.name, s.attributes["http.response.status_code"]) for s in children(collector.taken, part)] for name, part in parts.items()}
    assert below == {"part a": [("attempt service", 200)], "part b": [("attempt service", 503), ("attempt service", 204)],
                     "part c": [("attempt service", 404)], "part d": [], "part e": [("attempt service", 404)]}
    assert all(part.begin <= s.begin <= s.end <= part.end for part in parts.values() for s in children(collector.taken, part))
    [told] = json.loads(program.admin("/requests")[2])["newest"]
    steps = [(step["kind"], step["name"], step["part"], step["status"], step["result"] or step["error"]) for step in told["steps"]]
    assert sorted(steps, key=str) == sorted([
        ("part", "a", None, 200, "ok"), ("part", "b", None, 204, "ok"), ("part", "c", None, 404, "fallback"), ("part", "d", None, None, "failed"),
        ("part", "e", None, 404, "failed"), ("attempt", "service", "a", 200, None), ("attempt", "service", "b", 503, None),
        ("attempt", "service", "b", 204, None), ("attempt", "service", "c", 404, None), ("attempt", "service", "e", 404, None)], key=str)
    assert [step["at_ms"] for step in told["steps"]] == sorted(step["at_ms"] for step in told["steps"])


def test_a_clients_trace_goes_on(traced, collector):
    program, _ = traced()
    get(program.port(), "/things/1", headers=f"traceparent: {PARENT}0\r\n")
    [span] = collector.spans(1, url__path="/things/1")
    assert (span.trace, span.parent) == (PARENT[3:35], PARENT[36:52])
    [line] = program.access_log(1)
    assert line["trace"] == PARENT[3:35]


def test_a_parents_choice_counts_only_where_it_is_trusted(traced, collector):
    program, service = traced(sample="0%", more={"listener": {"trusted_proxies": ["127.0.0.0/8"]}})
    get(program.port(), "/things/no", headers=f"traceparent: {PARENT}0\r\n")
    get(program.port(), "/things/none")
    get(program.port(), "/things/yes", headers=f"traceparent: {PARENT}1\r\n")
    [span] = collector.spans(1, url__path="/things/yes")
    assert span.sampled
    assert [r.header("traceparent")[-2:] for r in service.requests] == ["00", "00", "01"]
    stranger, service = traced(sample="0%")
    get(stranger.port(), "/things/stranger", headers=f"traceparent: {PARENT}1\r\n")
    assert service.requests[0].header("traceparent").endswith("-00")
    wait_until(lambda: stranger.metric("gateway_requests_total") == 1)
    assert stranger.metric("gateway_trace_spans_total") == 0
    assert {s.attributes["url.path"] for s in collector.spans() if s.kind == "server"} == {"/things/yes"}


def test_without_a_collector_the_services_trace_as_they_like(gateway, keep):
    service = HttpOrigin()
    keep(service.origin)
    get(gateway([service]).port())
    assert service.requests[0].header("traceparent").endswith("-01")


def test_what_fails_and_what_is_slow_is_always_exported(traced, collector):
    def answer(request):
        if request.target == "/things/slow":
            time.sleep(0.3)
        return response(status=500 if request.target == "/things/bad" else 404)
    program, _ = traced(answer, sample="0%", slow="250ms")
    for path in ("fine", "bad", "slow", "fine"):
        get(program.port(), f"/things/{path}")
    spans = collector.spans(4)
    exchanges = {s.attributes["url.path"]: s for s in spans if s.kind == "server"}
    assert set(exchanges) == {"/things/bad", "/things/slow"}
    assert exchanges["/things/bad"].error == "upstream_status" and exchanges["/things/slow"].error is None
    assert not exchanges["/things/bad"].sampled
    assert exchanges["/things/slow"].end - exchanges["/things/slow"].begin >= 250e6
    [attempt] = children(spans, exchanges["/things/bad"])
    assert (attempt.error, attempt.attributes["http.response.status_code"]) == ("upstream_status", 500)


def test_each_attempt_has_its_span_and_the_service_sees_the_last(traced, collector, keep):
    refusing = keep(RefusingPort())
    bad = HttpOrigin(lambda request: response(status=503))
    good = HttpOrigin()
    keep(bad.origin), keep(good.origin)
    program, _ = traced(servers=[refusing, bad, good], more={"upstream": {"retry": {"times": 2, "on": [503]}}})
    for _ in range(3):
        assert get(program.port(), "/things/1").status == 200
    spans = collector.spans(6, tandem__upstream="service")
    exchanges = [s for s in collector.spans(3) if s.kind == "server"]
    most = max((children(spans, e) for e in exchanges), key=len)
    assert [s.error for s in most] == ["upstream_connect", "upstream_status", None]
    assert [s.attributes.get("http.response.status_code") for s in most] == [None, 503, 200]
    told = [r.header("traceparent").split("-")[2] for r in bad.requests + good.requests]
    assert most[1].id in told and most[2].id in told and most[0].id not in told
    assert most[0].attributes["tandem.server"] == refusing.address


def test_auth_and_caches_have_spans(traced, collector):
    keys = Keys()
    auth = section("[auth.people]", kind="jwt", issuer="https://id.example.com", audience=["api"], jwks={"file": "jwks.json"})
    routes = (auth + section("[cache.shared]", size="1MiB")
              + section("[[route]]", name="all", match="/{rest...}", to="service", auth=["people"], cache="shared"))
    fresh = lambda request: response(b"x", headers="Cache-Control: public, max-age=60\r\n")  # noqa: E731
    program, service = traced(fresh, routes=routes, more={"files": {"jwks.json": keys.jwks()}})
    bearer = f"Authorization: Bearer {keys.token()}\r\n"
    assert [get(program.port(), "/a", headers=h).status for h in (bearer, bearer, "")] == [200, 200, 401]
    exchanges = sorted((s for s in collector.spans(3 + 2 + 3 + 1) if s.kind == "server"), key=lambda s: s.begin)
    first, second, third = ([s for s in collector.taken if s.parent == e.id] for e in exchanges)
    assert sorted((s.name, s.attributes.get("tandem.auth") or s.attributes.get("tandem.cache")) for s in first) == [
        ("auth people", "accepted"), ("cache shared", "miss")]
    [cache] = [s for s in first if s.name == "cache shared"]
    [attempt] = [s for s in collector.taken if s.kind == "client"]
    assert attempt.parent == cache.id and attempt.id == service.requests[0].header("traceparent").split("-")[2]
    assert sorted((s.name, s.attributes.get("tandem.auth") or s.attributes.get("tandem.cache")) for s in second) == [
        ("auth people", "remembered"), ("cache shared", "hit")]
    assert [(s.name, s.attributes["tandem.auth"]) for s in third] == [("auth people", "refused")]


def test_a_collector_behind_tls_is_verified(traced, keep, authority, site):
    secure = Collector(identity=authority.issue("localhost"))
    keep(secure.origin)
    url = f"https://localhost:{secure.port}"
    program, _ = traced(endpoint=url, verify=str(authority.file))
    get(program.port(), "/things/1")
    secure.spans(2)
    doubting, _ = traced(endpoint=url)
    get(doubting.port(), "/things/2")
    wait_until(lambda: "warning: traces: " in doubting.stderr)
    assert len(secure.taken) == 2


def test_headers_to_the_collector_are_sent_and_never_shown(traced, collector):
    program, _ = traced(headers={"X-Api-Key": "top-secret"})
    get(program.port(), "/things/1")
    collector.spans()
    assert (collector.requests[0].header("X-Api-Key"), collector.requests[0].target) == ("top-secret", "/v1/traces")
    assert "top-secret" not in run("gateway", "dump", "-c", program.config).stdout + program.admin("/status")[2]


def test_a_collector_that_is_away_costs_spans_and_no_requests(traced, keep):
    away = keep(RefusingPort())
    program, _ = traced(endpoint=f"http://{away.address}", queue=64)
    for i in range(100):
        assert get(program.port(), "/things/1").status == 200
    wait_until(lambda: program.metric("gateway_trace_spans_total", result="queue_full") == 200 - 64, what="the dropped spans")
    status = program.admin("/status")[2]
    assert re.search(r'"trace":\{[^}]*"waiting":64[^}]*refused', status), status
    wait_until(lambda: "warning: traces: " in program.stderr)
    assert program.stderr.count("warning: traces: ") == 1


def test_a_collector_that_hangs_and_comes_back_gets_what_waits(traced, collector):
    hung = threading.Event()
    collector.reply = lambda request: hung.wait(20) and None
    program, _ = traced(timeout="100ms")
    assert get(program.port(), "/things/1").status == 200
    wait_until(lambda: "no answer in time" in program.stderr)
    collector.reply = None
    hung.set()
    collector.spans(2)
    wait_until(lambda: "spans are taken again" in program.stderr)
    assert program.metric("gateway_trace_spans_total", result="exported") == 2
    assert '"waiting":0' in program.admin("/status")[2]


@pytest.mark.parametrize("status, again", [(503, True), (429, True), (400, False), (404, False)])
def test_what_a_collectors_refusal_means(traced, collector, status, again):
    answers = [response(status=status, headers="Retry-After: 0\r\n")]
    collector.reply = lambda request: answers.pop() if answers else response(b"{}")
    program, _ = traced()
    get(program.port(), "/things/1")
    result = "exported" if again else "failed"
    wait_until(lambda: program.metric("gateway_trace_spans_total", result=result) == 2, what=result)
    assert len(collector.requests) == (2 if again else 1)


def test_partly_taken_is_counted(traced, collector):
    collector.reply = lambda request: response(b'{"partialSuccess": {"rejectedSpans": "1", "errorMessage": "no"}}')
    program, _ = traced()
    get(program.port(), "/things/1")
    wait_until(lambda: program.metric("gateway_trace_spans_total", result="rejected") == 1, what="rejected")


def test_what_waits_at_the_end_is_still_sent(traced, collector):
    program, _ = traced(interval="1m")
    get(program.port(), "/things/last")
    program.access_log(1)
    assert not collector.taken
    program.stop()
    collector.spans(1, url__path="/things/last")


def test_a_hanging_collector_does_not_hold_up_the_end(traced, keep):
    silent = keep(Origin.silent())
    program, _ = traced(endpoint=f"http://{silent.address}")
    get(program.port(), "/things/1")
    wait_until(lambda: silent.connections)
    began = time.monotonic()
    program.stop()
    assert time.monotonic() - began < 10


def test_a_reload_changes_the_collector_and_ends_tracing(traced, collector, keep):
    program, service = traced()
    get(program.port(), "/things/1")
    collector.spans(2)
    other = Collector()
    keep(other.origin)
    program.reload(program.config.read_text().replace(collector.address, other.address))
    get(program.port(), "/things/2")
    other.spans(1, url__path="/things/2")
    text = program.config.read_text()
    program.reload(text[:text.index("[trace]")] + ALL)
    get(program.port(), "/things/3")
    program.access_log(3)
    assert '"trace":null' in program.admin("/status")[2]
    assert len(collector.taken) == 2 and len(other.taken) == 2
