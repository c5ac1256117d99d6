"""A service of its own decides who may: it sees what the client asks, its word is the verdict, what it adds goes on to the
service behind, and what it says to who may not is what the client hears."""
import json
import threading

import pytest

from issuer import AUDIENCE, ISSUER, Keys, public_pem
from origins import HttpOrigin, response
from raw import Client, ask as send, get, wait_until
from tandem import run, section

KEYS = Keys()


class Decider:
    """Lets through who has the cookie session=ada (or bob), or the bearer token "good"; sends others to a login."""

    def __init__(self, keep):
        self.fault = None
        self.service = HttpOrigin(self._answer)
        keep(self.service.origin)
        self.address = self.service.address

    @property
    def requests(self):
        return list(self.service.requests)

    def _answer(self, request):
        if self.fault == "slow":
            wait_until(lambda: self.fault != "slow", what="the service's patience")
        faults = {"closing": None, "failing": response(b"oops", 500, reason="Oops"), "missing": response(b"", 404, reason="No"),
                  "huge": response(b"x" * 10_000_000, 401, reason="No"), "interim": response(b"", 304, reason="Same")}
        if self.fault in faults:
            return faults[self.fault]
        cookies = dict(part.strip().split("=", 1) for part in (request.header("Cookie") or "").split(";") if "=" in part)
        user = cookies.get("session") or ("carol" if request.header("Authorization") == "Bearer good" else None)
        if user in ("ada", "bob", "carol"):
            plan = "X-Auth-Plan: gold\r\n" if user == "ada" else ""
            return response(b"fine", headers=f"X-Auth-User: {user}\r\nX-Auth-Groups: staff, eu\r\n{plan}X-Auth-Secret: 42\r\n")
        if user == "mallory":
            return response(b"not you", 403, "Content-Type: text/plain\r\n", "Forbidden")
        if request.header("Authorization"):
            return response(b'{"login": true}', 401, 'WWW-Authenticate: Bearer realm="sso"\r\nContent-Type: application/json\r\n', "No")
        return response(b"", 302, "Location: https://login.example/?to=here\r\nSet-Cookie: state=1\r\n", "Found")


def provider(name="sso", **keys):
    return section(f"[auth.{name}]", **{"kind": "forward", "endpoint": "sso /check", "copy": ["X-Auth-User", "X-Auth-Groups"],
                                        "consumer": "X-Auth-User", "groups": "X-Auth-Groups", "plan": "X-Auth-Plan",
                                        "auth_failures": "none", **keys})


def route(*auth, name="all", match="/{rest...}", **keys):
    return section("[[route]]", name=name, match=match, to="service", auth=list(auth or ["sso"]), **keys)


@pytest.fixture
def front(gateway, keep):
    """front(routes, provider_keys={…}) -> (gateway, service, decider)"""
    def make(routes=None, provider_keys=None, **more):
        decider, service = Decider(keep), HttpOrigin()
        keep(service.origin)
        program = gateway([service], defaults={"public": False}, routes=(
            section("[upstream.sso]", servers=[decider.address]) + section("[upstream.sso.health]", check="off")
            + provider(**(provider_keys or {})) + (routes or route())), files={"key.pem": public_pem(KEYS.private["ES256"])}, **more)
        return program, service, decider
    return make


def fields(request):
    return {name.lower(): value for name, value in request.headers}


def cookie(user, *more):
    return f"Cookie: {'; '.join([f'session={user}', *more])}\r\n"


def test_the_service_sees_what_is_asked_but_no_body_and_its_fields_go_on(front):
    program, service, decider = front(route(headers={"request": {"set": {"X-Plan": "consumer:plan", "X-Who": "consumer:name"}}}))
    body = b"hello"
    answer = send(program.port(), b"POST /a/../b?q=1&r=%2F HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n"
                  b"Accept-Encoding: gzip\r\nIf-None-Match: \"x\"\r\nRange: bytes=0-1\r\nX-Auth-User: root\r\nX-Auth-Groups: admins\r\n"
                  b"X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /open\r\nX-Forwarded-For: 1.2.3.4\r\nX-Custom: yes\r\n"
                  + cookie("ada", "theme=dark").encode() + b"\r\n" + body)
    assert answer.status == 200
    asked = decider.requests[0]
    told = fields(asked)
    assert (asked.method, asked.target, asked.body) == ("GET", "/check", b"")
    assert (told["x-forwarded-method"], told["x-forwarded-uri"]) == ("POST", "/b?q=1&r=%2F")
    assert told["x-forwarded-host"] == "shop.example" and told["x-forwarded-for"] == "127.0.0.1" and told["x-forwarded-proto"] == "http"
    assert told["cookie"] == "session=ada; theme=dark" and told["x-custom"] == "yes" and told["host"] == decider.address
    for absent in ("content-length", "content-type", "transfer-encoding", "accept-encoding", "if-none-match", "range", "x-auth-user"):
        assert absent not in told, absent
    seen = service.requests[0]
    assert (seen.method, seen.target, seen.body) == ("POST", "/b?q=1&r=%2F", body)
    seen = fields(seen)
    assert (seen["x-auth-user"], seen["x-auth-groups"]) == ("ada", "staff, eu") and "x-auth-secret" not in seen
    assert (seen["x-plan"], seen["x-who"]) == ("gold", "ada") and seen["x-request-id"] == told["x-request-id"]
    assert program.access_log(1)[0]["consumer"] == "ada"


def test_what_it_says_to_who_may_not_is_what_the_client_hears(front):
    program, service, decider = front()
    away = get(program.port())
    assert away.status == 302 and away.header("Location") == "https://login.example/?to=here" and away.header("Set-Cookie") == "state=1"
    no = get(program.port(), headers="Authorization: Bearer bad\r\n")
    assert no.status == 401 and no.header("WWW-Authenticate") == 'Bearer realm="sso"' and no.body == b'{"login": true}'
    never = get(program.port(), headers=cookie("mallory"))
    assert never.status == 403 and never.body == b"not you" and never.header("Content-Type") == "text/plain"
    assert not service.requests
    head = send(program.port(), "HEAD / HTTP/1.1\r\nHost: x\r\n" + cookie("mallory") + "\r\n", to="HEAD")
    assert head.status == 403
    assert [line["reason"] for line in program.access_log(4)] == ["unauthenticated", "unauthenticated", "forbidden", "forbidden"]
    assert program.metric("gateway_refused_total", route="all", reason="forbidden") == 2


def test_only_the_listed_fields_are_shown_and_the_credential_stays_here_unless_asked(front):
    program, service, decider = front(provider_keys={"headers": ["Authorization", "X-Custom"]})
    headers = "Authorization: Bearer good\r\nX-Custom: yes\r\nX-Other: no\r\n" + cookie("ada")
    assert get(program.port(), headers=headers).status == 200
    told = fields(decider.requests[0])
    assert told["authorization"] == "Bearer good" and told["x-custom"] == "yes" and "x-other" not in told and "cookie" not in told
    assert "authorization" not in fields(service.requests[0]) and fields(service.requests[0])["x-auth-user"] == "carol"
    program, service, _ = front(provider_keys={"forward_credentials": True})
    assert get(program.port(), headers=headers).status == 200
    assert fields(service.requests[0])["authorization"] == "Bearer good"


def test_a_verdict_is_remembered_under_its_key_and_under_no_other(front):
    program, service, decider = front(provider_keys={"cache": {"key": ["cookie:session", "path"], "for": "1h"}})
    for user, path, asked in (("ada", "/a", 1), ("ada", "/a", 1), ("ada", "/a?x=1", 1), ("ada", "/b", 2), ("bob", "/a", 3), ("bob", "/a", 3)):
        assert get(program.port(), path, headers=cookie(user)).status == 200
        assert len(decider.requests) == asked, (user, path)
        assert fields(service.requests[-1])["x-auth-user"] == user
    for count in (4, 5):  # a refusal is not remembered
        assert get(program.port(), "/a", headers=cookie("mallory")).status == 403 and len(decider.requests) == count
    assert get(program.port(), "/a").status == 302 and get(program.port(), "/a").status == 302
    assert len(decider.requests) == 7  # nor what lacks a part of the key
    assert get(program.port(), "/a", headers="Cookie: session=ada; session=bob\r\n").status in (200, 302)
    assert len(decider.requests) == 8
    decider.fault = "failing"
    assert get(program.port(), "/a", headers=cookie("ada")).status == 200
    program.reload(program.config.read_text())  # it forgets
    assert get(program.port(), "/a", headers=cookie("ada")).status == 503


@pytest.mark.parametrize("fault", ["closing", "failing", "missing", "huge", "interim", "slow"])
@pytest.mark.parametrize("choice", ["deny", "allow"])
def test_when_it_gives_no_verdict_the_configured_choice_happens_and_is_told_once(front, fault, choice):
    program, service, decider = front(route() + route(name="ruled", match="/ruled", allow='consumer.name == "ada"'),
                                      provider_keys={"timeout": "300ms", "if_unavailable": choice})
    assert ("warning" in program.stderr) == (choice == "allow")
    decider.fault = fault
    for _ in range(3):
        answer = get(program.port(), headers=cookie("ada") + "X-Auth-User: root\r\n")
        assert answer.status == (503 if choice == "deny" else 200)
        if choice == "deny":
            assert json.loads(answer.body)["reason"] == "auth_unavailable"
        else:
            assert "x-auth-user" not in fields(service.requests[-1])
    assert get(program.port(), "/ruled", headers=cookie("ada")).status == (503 if choice == "deny" else 403)
    decider.fault = None
    assert get(program.port(), "/ruled", headers=cookie("ada")).status == 200
    assert program.stderr.count("gives no answer that is of use") == 1
    wait_until(lambda: "its helper answers again" in program.stderr, what="the log's word")
    assert program.metric("gateway_auth_helper_outages_total", provider="sso") == 1
    assert program.metric("gateway_requests_total", status="500") == 0


def test_an_assumed_caller_is_not_remembered(front):
    program, service, decider = front(provider_keys={"if_unavailable": "allow", "cache": {"key": ["cookie:session"], "for": "1h"}})
    decider.fault = "failing"
    assert get(program.port(), headers=cookie("mallory")).status == 200
    decider.fault = None
    assert get(program.port(), headers=cookie("mallory")).status == 403


def test_beside_other_providers_it_decides_where_the_request_shows_nothing_else(front):
    tokens = section("[auth.people]", kind="jwt", issuer=ISSUER, audience=[AUDIENCE], public_key="key.pem", auth_failures="none")
    program, service, decider = front(tokens + route("people", "sso")
                                      + section("[[route]]", name="both", match="/both", to="service", auth=[["people", "sso"]]))
    token = f"Authorization: Bearer {KEYS.token('ES256')}\r\n"
    assert get(program.port(), headers=token).status == 200 and not decider.requests
    assert get(program.port(), headers=cookie("ada")).status == 200 and len(decider.requests) == 1
    assert get(program.port(), headers="Authorization: Bearer bad\r\n").status == 401 and len(decider.requests) == 1
    assert get(program.port()).status == 302
    assert get(program.port(), "/both", headers=token + cookie("ada")).status == 200
    assert fields(service.requests[-1])["x-auth-user"] == "ada" and program.access_log(1, route="both")[0]["consumer"] == "ada"
    assert get(program.port(), "/both", headers=cookie("ada")).status == 401
    assert get(program.port(), "/both", headers=token).status in (302, 401)


def test_where_its_credential_is_named_a_request_without_it_asks_nobody(front):
    program, service, decider = front(route() + route(name="maybe", match="/maybe", optional=True),
                                      provider_keys={"from": "cookie:session", "auth_failures": "2/min"})
    assert get(program.port()).status == 401 and get(program.port(), "/maybe").status == 200 and not decider.requests
    assert get(program.port(), headers=cookie("ada", "theme=dark")).status == 200
    assert fields(service.requests[-1])["cookie"] == "theme=dark"  # its credential stays here
    assert get(program.port(), "/maybe", headers=cookie("mallory")).status == 403
    assert [get(program.port(), headers=cookie("mallory")).status for _ in range(2)] == [403, 429]


def test_an_upload_waits_for_the_verdict_and_a_client_that_leaves_ends_the_question(front):
    program, service, decider = front(provider_keys={"timeout": "30s"})
    decider.fault = "slow"
    client = Client(program.port()).send("POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n" + cookie("ada") + "\r\n")
    wait_until(lambda: decider.requests, what="the question")
    client.reset()
    wait_until(lambda: decider.service.connections[0].ended.is_set() or program.access_log(1), what="the end of the exchange")
    decider.fault = None
    assert get(program.port(), headers=cookie("ada")).status == 200 and len(service.requests) == 1


def test_websockets_are_decided_on_too(front):
    program, _, decider = front()
    upgrade = ("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
    assert send(program.port(), upgrade + cookie("mallory") + "\r\n").status == 403
    told = fields(decider.requests[0])
    assert "upgrade" not in told and not any(name.startswith("sec-websocket") for name in told)
