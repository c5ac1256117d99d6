"""Tokens that say nothing themselves: who has issued them is asked what they mean (RFC 7662), once for a while, and no
outage of his opens a door or becomes a 500."""
import base64
import json
import threading
import time
from urllib.parse import parse_qs

import pytest

from certificates import Authority
from origins import HttpOrigin, response
from raw import Client, get, wait_until
from tandem import gateway_config, run, section

TOLD = {"request": {"set": {"X-User": "claim:sub", "X-Plan": "claim:plan", "X-Consumer": "consumer:name"}}}
JSON = "Content-Type: application/json\r\n"


class Endpoint:
    """An introspection endpoint. `tokens`: what it says of each; `fault` is what goes wrong until it is None again."""

    def __init__(self, keep, **more):
        self.tokens, self.fault = {}, None
        self.served = threading.Event()
        self.service = HttpOrigin(self._answer, **more)
        keep(self.service.origin)
        self.address = self.service.address

    @property
    def requests(self):
        return list(self.service.requests)

    def asked(self, token=None):
        said = [parse_qs(request.body.decode()) for request in self.requests]
        return sum(token in (None, form["token"][0]) for form in said)

    def _answer(self, request):
        if self.fault == "slow":
            wait_until(lambda: self.fault != "slow", what="the endpoint's patience")
        faults = {"closing": None, "html": response(b"<html>sorry</html>", headers="Content-Type: text/html\r\n"),
                  "huge": response(b'{"active": true, "x": "' + b"x" * 10_000_000 + b'"}', headers=JSON),
                  "failing": response(b"{}", 500, reason="Oops"), "forbidding": response(b"{}", 401, reason="No"),
                  "redirecting": response(b"", 302, "Location: http://127.0.0.1:1/\r\n", "Found"),
                  "unclear": response(b'{"active": "true"}', headers=JSON), "twice": response(b'{"active": false, "active": true}', headers=JSON),
                  "a list": response(b"[true]", headers=JSON), "broken": response(b'{"active": tr', headers=JSON)}
        if self.fault in faults:
            return faults[self.fault]
        token = parse_qs(request.body.decode(), keep_blank_values=True)["token"][0]
        return response(json.dumps(self.tokens.get(token, {"active": False})).encode(), headers=JSON)


def provider(name="opaque", **keys):
    return section(f"[auth.{name}]", **{"kind": "introspection", "endpoint": "id /oauth2/introspect", "client_id": "gate way",
                                        "client_secret": "s:ecret+%", "audience": ["api"], "auth_failures": "none", **keys})


def route(auth="opaque", **keys):
    return section("[[route]]", **{"name": "all", "match": "/{rest...}", "to": "service", "auth": [auth], "headers": TOLD, **keys})


def active(**changes):
    made = {"active": True, "sub": "ada", "aud": ["api"], "scope": "orders:read profile", "exp": int(time.time()) + 600, **changes}
    return {name: value for name, value in made.items() if value is not None}


@pytest.fixture
def front(gateway, keep):
    """front(routes, upstream={…}) -> (gateway, service, endpoint)"""
    def make(routes=None, upstream=None, provider_keys=None, **more):
        endpoint, service = Endpoint(keep), HttpOrigin()
        keep(service.origin)
        program = gateway([service], defaults={"public": False}, routes=(
            section("[upstream.id]", servers=[endpoint.address], **(upstream or {})) + section("[upstream.id.health]", check="off")
            + provider(**(provider_keys or {})) + (routes or route())), **more)
        return program, service, endpoint
    return make


def ask(program, token, path="/x", **more):
    return get(program.port(), path, headers=f"Authorization: Bearer {token}\r\n" if token is not None else "", **more)


def fields(origin):
    return {name.lower(): value for name, value in origin.requests[-1].headers}


def test_who_has_issued_a_token_says_whose_it_is_and_is_asked_once(front):
    program, service, endpoint = front(route(scopes=["orders:read"]))
    endpoint.tokens = {"t/1+=&x": active(plan="gold", client_id="shop"), "t2": active(sub="bob", scope="profile")}
    for _ in range(3):
        assert ask(program, "t/1+=&x").status == 200
    told = fields(service)
    assert (told["x-user"], told["x-plan"], told["x-consumer"]) == ("ada", "gold", "ada") and "authorization" not in told
    request = endpoint.requests[0]
    assert (request.method, request.target) == ("POST", "/oauth2/introspect")
    assert request.header("Content-Type") == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {"token": ["t/1+=&x"], "token_type_hint": ["access_token"]}
    kind, secret = request.header("Authorization").split(" ")
    assert kind == "Basic" and base64.b64decode(secret) == b"gate%20way:s%3Aecret%2B%25"
    assert endpoint.asked() == 1 and request.header("X-Request-Id") and request.header("Host") == endpoint.address
    assert ask(program, "t2").status == 403
    refused = ask(program, "unknown")
    assert refused.status == 401 and refused.header("WWW-Authenticate") == 'Bearer realm="opaque", error="invalid_token"'
    assert ask(program, None).header("WWW-Authenticate") == 'Bearer realm="opaque"'
    assert ask(program, "unknown").status == 401 and endpoint.asked("unknown") == 1
    assert "unknown" not in program.stderr and "s:ecret" not in program.stderr


@pytest.mark.parametrize("changes, status", [
    ({}, 200), ({"exp": None}, 200), ({"exp": 1}, 401), ({"exp": "9999999999"}, 401), ({"nbf": 9999999999}, 401),
    ({"aud": "other"}, 401), ({"aud": None}, 401), ({"aud": "api"}, 200), ({"iss": "https://id"}, 401), ({"iss": None}, 401),
    ({"iss": "https://id.example.com", "sub": None}, 200), ({"active": False}, 401)])
def test_what_is_said_must_fit(front, changes, status):
    issuer = None if changes.get("iss", "") == "" else "https://id.example.com"
    program, _, endpoint = front(provider_keys={"issuer": issuer})
    endpoint.tokens["t"] = active(**changes)
    assert ask(program, "t").status == status


def test_an_answer_counts_until_the_token_ends_and_no_longer_than_configured(front):
    program, _, endpoint = front(provider_keys={"cache": "1h", "cache_refused": "none"})
    endpoint.tokens = {"short": active(exp=int(time.time()) + 2), "long": active()}
    assert ask(program, "short").status == ask(program, "long").status == 200
    endpoint.tokens.clear()
    wait_until(lambda: ask(program, "short").status == 401, what="the token's end")
    assert ask(program, "long").status == 200 and endpoint.asked("long") == 1
    before = endpoint.asked("short")
    assert ask(program, "short").status == 401 and endpoint.asked("short") == before + 1  # "none": asked again
    program, _, endpoint = front(provider_keys={"cache": "none"})
    endpoint.tokens = {"t": active()}
    assert [ask(program, "t").status for _ in range(3)] == [200] * 3 and endpoint.asked("t") == 3
    endpoint.tokens.clear()
    assert ask(program, "t").status == 401


@pytest.mark.parametrize("workers", [1, 2])
def test_a_token_that_many_show_at_a_time_is_asked_about_once_over_all_workers(front, workers):
    program, service, endpoint = front(workers=workers)
    endpoint.tokens["t"], endpoint.fault = active(), "slow"
    clients = [Client(program.port()) for _ in range(16)]
    for client in clients:
        client.send("GET /x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n")
    wait_until(lambda: endpoint.asked("t") == 1, what="the question")
    clients[0].reset()  # whoever it was made for, the others hear
    endpoint.fault = None
    assert {client.answer().status for client in clients[1:]} == {200}
    assert endpoint.asked("t") <= 2 and len(service.requests) >= 15


@pytest.mark.parametrize("fault", ["closing", "html", "huge", "failing", "forbidding", "redirecting", "unclear", "twice", "a list", "broken", "slow"])
def test_an_endpoint_that_is_of_no_use_refuses_nobody_for_good_and_lets_nobody_in(front, fault):
    program, service, endpoint = front(provider_keys={"timeout": "300ms"})
    endpoint.tokens = {"known": active(), "new": active()}
    assert ask(program, "known").status == 200
    endpoint.fault = fault
    for _ in range(3):
        answer = ask(program, "new")
        assert answer.status == 503 and json.loads(answer.body)["reason"] == "auth_unavailable" and answer.header("Retry-After")
    assert ask(program, "known").status == 200  # what is known is known
    assert len(service.requests) == 2
    status = json.loads(program.admin("/status")[2])["auth"][0]
    assert status["name"] == "opaque" and status["error"]
    endpoint.fault = None
    assert ask(program, "new").status == 200
    assert program.stderr.count("gives no answer that is of use") == 1
    wait_until(lambda: "its helper answers again" in program.stderr, what="the log's word")
    assert program.metric("gateway_auth_helper_outages_total", provider="opaque") == 1
    assert program.metric("gateway_auth_helper_calls_total", provider="opaque", result="failed") == 3
    assert json.loads(program.admin("/status")[2])["auth"][0]["error"] is None
    assert program.metric("gateway_refused_total", reason="auth_unavailable") == 3
    assert program.metric("gateway_requests_total", status="500") == 0


def test_an_endpoint_that_is_down_and_comes_back_elsewhere(front, gateway, keep):
    live, service = Endpoint(keep), HttpOrigin()
    live.tokens["t"] = active()
    from origins import RefusingPort
    dead = keep(RefusingPort())
    program = gateway([service], defaults={"public": False}, routes=section("[upstream.id]", servers=[dead.address, live.address])
                      + section("[upstream.id.health]", check="off") + provider(cache="none") + route())
    assert [ask(program, "t").status for _ in range(6)] == [200] * 6  # the other server is tried
    live.service.origin.close()
    for connection in live.service.connections:
        connection.close()
    wait_until(lambda: ask(program, "t").status == 503, what="the outage")


def test_garbage_is_charged_to_its_address_and_never_too_long(front):
    program, _, endpoint = front(provider_keys={"auth_failures": "3/min"})
    endpoint.tokens["t"] = active()
    assert ask(program, "t").status == 200
    assert [ask(program, f"garbage{i}").status for i in range(6)] == [401] * 3 + [429] * 3
    assert endpoint.asked() == 4 and ask(program, "t").status == 200
    program, _, endpoint = front()
    assert ask(program, "x" * 8193).status == 401 and ask(program, "").status == 401 and endpoint.asked() == 0


def test_over_tls_with_a_name_that_is_verified(gateway, keep, authority, service_identity):
    import ssl
    from tls import believing
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*service_identity)

    class Secure(HttpOrigin):
        def _serve(self, connection):
            connection.socket = context.wrap_socket(connection.socket, server_side=True)
            super()._serve(connection)

    secure = Secure(lambda request: response(json.dumps(active()).encode(), headers=JSON))
    keep(secure.origin)
    for name, status in (("service.internal", 200), ("other.internal", 503)):
        program = gateway([HttpOrigin()], defaults={"public": False}, routes=section(
            "[upstream.id]", servers=[secure.address], **believing(authority, name)) + section("[upstream.id.health]", check="off")
            + provider() + route())
        assert ask(program, "t").status == status
    assert secure.requests[0].header("Host") == "service.internal"


def test_explain_judges_what_an_endpoint_would_say(tmp_path):
    (tmp_path / "gateway.toml").write_text(gateway_config(["127.0.0.1:1"], defaults={"public": False}, routes=section(
        "[upstream.id]", servers=["127.0.0.1:2"]) + provider() + route(scopes=["orders:read"], allow='claim.sub == "ada"')))
    def explain(claims, status):
        (tmp_path / "claims.json").write_text(json.dumps(claims))
        done = run("gateway", "explain", "-c", "gateway.toml", "GET", "/x", "--claims", "claims.json", folder=tmp_path)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout
    assert "of an active token" in explain(active(), 0)
    assert "orders:read is missing" in explain(active(scope=""), 1)
    assert "refuses these claims" in explain(active(aud="other"), 1)
