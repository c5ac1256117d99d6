"""What services are told of a request and clients of an answer: `headers`, trace context, request ids."""
import re

import pytest

from origins import HttpOrigin, response
from raw import get
from tandem import section


def everything(**keys):
    return section("[[route]]", name="all", match="/{rest...}", to="service", **keys)


def test_fields_are_set_added_and_removed_on_both_sides(gateway):
    origin = HttpOrigin(lambda request: response(b"x", headers="Server: old/1\r\nX-Kind: theirs\r\nSet-Cookie: a=1\r\n"))
    routes = section("[[route]]", name="user", match="/users/{id}/{rest...}", to="service", headers={
        "request": {"set": {"X-User": "param:id", "X-Rest": "param:rest", "X-Real-IP": "client_ip", "X-Env": "prod",
                            "X-Word": "text:client_ip", "X-Agent": "header:User-Agent", "X-Nothing": "header:X-No"},
                    "add": {"X-Tag": "ours"}, "remove": ["Cookie", "User-Agent"]},
        "response": {"set": {"X-Frame-Options": "DENY", "X-Kind": "ours", "X-Trace": "trace_id", "X-Id": "request_id"},
                     "add": {"Set-Cookie": "b=2"}, "remove": ["Server"]}})
    program = gateway([origin], routes=routes)
    answer = get(program.port(), "/users/J%C3%BCrg/a/b%20c",
                 "X-User: root\r\nx-user: admin\r\nX-Nothing: forged\r\nX-Tag: theirs\r\nCookie: c\r\nUser-Agent: me\r\n")
    request = origin.requests[0]
    assert [v.encode("latin-1").decode() for v in request.all("X-User")] == ["Jürg"]
    assert request.header("X-Rest") == "a/b c" and request.header("X-Real-IP") == "127.0.0.1"
    assert request.header("X-Env") == "prod" and request.header("X-Word") == "client_ip"
    assert request.header("X-Agent") == "me" and request.all("X-Tag") == ["theirs", "ours"]
    assert not request.all("X-Nothing") and not request.all("Cookie") and not request.all("User-Agent")
    assert answer.header("X-Frame-Options") == "DENY" and answer.all("X-Kind") == ["ours"]
    assert answer.all("Set-Cookie") == ["a=1", "b=2"] and not answer.all("Server") and answer.body == b"x"
    [line] = program.access_log(1)
    assert answer.header("X-Trace") == line["trace"] and answer.header("X-Id") == line["id"]


def test_a_claim_that_nobody_has_leaves_no_forged_field(gateway):
    origin = HttpOrigin()
    program = gateway([origin], routes=everything(headers={"request": {"set": {"X-User": "claim:sub"}}}))
    assert get(program.port(), headers="X-User: admin\r\nX_User: admin\r\n").status == 200
    assert not origin.requests[0].all("X-User") and not origin.requests[0].all("X_User")


def test_refusals_of_the_gateway_carry_the_fields_of_their_route(gateway):
    origin = HttpOrigin(lambda request: None)
    program = gateway([origin], routes=everything(headers={"response": {"set": {"X-Frame-Options": "DENY"}}}))
    answer = get(program.port())
    assert answer.status == 502 and answer.header("X-Frame-Options") == "DENY"
    assert program.access_log(1)[0]["reason"] == "upstream_closed"


def test_routes_inherit_headers_one_level_deep(gateway):
    origin = HttpOrigin()
    routes = everything(headers={"request": {"set": {"X-B": "2"}}})
    program = gateway([origin], routes=routes, defaults={
        "headers": {"request": {"set": {"X-A": "1"}}, "response": {"set": {"X-C": "3"}}}})
    assert get(program.port()).header("X-C") == "3"
    assert origin.requests[0].header("X-B") == "2" and not origin.requests[0].all("X-A")


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_clients_trace_goes_on_and_stands_in_the_log(gateway):
    origin = HttpOrigin()
    program = gateway([origin])
    get(program.port(), headers=f"traceparent: {PARENT}\r\ntracestate: a=1\r\ntracestate: b@c=2\r\n")
    sent = origin.requests[0]
    [parent] = sent.all("traceparent")
    assert re.fullmatch(r"00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01", parent) and parent != PARENT
    assert sent.all("tracestate") == ["a=1", "b@c=2"]
    assert program.access_log(1)[0]["trace"] == PARENT[3:35]


@pytest.mark.parametrize("headers", [
    "", "traceparent: 00-junk\r\ntracestate: a=1\r\n", f"traceparent: {PARENT.upper()}\r\ntracestate: a=1\r\n",
    f"traceparent: {PARENT}\r\ntraceparent: {PARENT}\r\ntracestate: a=1\r\n",
    f"traceparent: 00-{'0' * 32}-b7ad6b7169203331-01\r\n"], ids=["none", "junk", "upper", "two", "zeros"])
def test_without_a_sound_parent_a_new_trace_begins(gateway, headers):
    origin = HttpOrigin()
    program = gateway([origin])
    get(program.port(), headers=headers)
    [parent] = origin.requests[0].all("traceparent")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", parent) and PARENT[3:35] not in parent
    assert not origin.requests[0].all("tracestate")
    assert program.access_log(1)[0]["trace"] == parent[3:35]


def test_a_clients_own_request_id_counts_only_from_trusted_proxies(gateway):
    origin = HttpOrigin()
    program = gateway([origin])
    get(program.port(), headers="X-Request-Id: mine\r\n")
    assert not program.access_log(1)[0].get("client_request_id")
    program = gateway([origin], listener={"trusted_proxies": ["127.0.0.0/8"]},
                      routes=everything(headers={"request": {"set": {"X-Seen": "client_ip", "X-Scheme": "scheme"}}}))
    get(program.port(), headers="X-Request-Id: mine\r\nX-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n")
    [line] = program.access_log(1)
    assert line["client_request_id"] == "mine" and line["client"].startswith("198.51.100.7")
    sent = origin.requests[1]
    assert sent.all("X-Request-Id") == [line["id"]]
    assert sent.header("X-Seen") == "198.51.100.7" and sent.header("X-Scheme") == "https"
