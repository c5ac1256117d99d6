"""Who may come to a listener of the gateway and to a route: allow_from, deny_from, per_source."""
import pytest

import tandem
from origins import HttpOrigin
from raw import Client, get, proxy_v2, wait_until

LISTED = {"proxy_protocol_from": ["127.0.0.1"]}
REQUEST = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def service(keep):
    made = HttpOrigin()
    keep(made.origin)
    return made


def status(program, headers="", **how):
    """Of one request on a connection of its own; None: it was closed without an answer."""
    with Client(program.port(), **how) as client:
        try:
            answer = client.send(REQUEST.replace("Connection", headers + "Connection")).answer()
        except (ConnectionError, BrokenPipeError):
            return None
        return answer and answer.status


def closed(program, reason):
    return program.metric("gateway_connections_refused_total", reason=reason)


def test_who_may_not_come_is_closed_and_counted(gateway, service):
    program = gateway([service], listener={"allow_from": ["127.0.0.0/8"], "deny_from": ["127.0.0.0/30"]})
    assert [status(program) for _ in range(3)] == [None] * 3
    assert closed(program, "forbidden") == 3 and not service.requests
    assert "(forbidden)" in program.stderr
    program.reload(program.config.read_text().replace('"127.0.0.0/30"', '"127.0.0.0/24"').replace("127.0.0.0/8", "127.0.0.1"))
    assert status(program) == 200


def test_the_announced_client_counts_not_the_peer(gateway, service):
    program = gateway([service], listener={**LISTED, "allow_from": ["192.0.2.0/24"], "health_from": []})
    assert status(program, first=proxy_v2(("192.0.2.7", 1))) == 200
    assert status(program, first=proxy_v2(("198.51.100.7", 1))) is None
    assert status(program, first=proxy_v2(command=0)) is None


def test_behind_a_trusted_proxy_the_request_says_who_calls(gateway, service):
    program = gateway([service], listener={"trusted_proxies": ["127.0.0.1"], "deny_from": ["192.0.2.0/24"]})
    assert status(program, headers="X-Forwarded-For: 198.51.100.7\r\n") == 200
    answer = get(program.port(), headers="X-Forwarded-For: 192.0.2.7\r\n")
    assert answer.status == 403 and b'"reason":"forbidden"' in answer.body.replace(b": ", b":")
    assert program.access_log(count=1, status=403)[0]["reason"] == "forbidden"
    assert len(service.requests) == 1


def test_who_asks_for_health_may_although_no_list_has_it(gateway, service):
    program = gateway([service], listener={"allow_from": ["192.0.2.0/24"], "health_from": ["127.0.0.1"]})
    assert get(program.port(), "/readyz").status == 200
    assert get(program.port(), "/").status == 403


def test_a_reload_shuts_out_who_is_connected(gateway, service):
    program = gateway([service], listener={"deny_from": []})
    with Client(program.port()) as client:
        request = REQUEST.replace("Connection: close\r\n", "")
        assert client.send(request).answer().status == 200
        program.reload(program.config.read_text().replace("deny_from = []", 'deny_from = ["127.0.0.1"]'))
        assert client.send(request).answer().status == 403


def test_one_source_has_so_many_connections(gateway, service):
    program = gateway([service], workers=2, listener={**LISTED, "per_source": {"connections": 2}})
    held = []
    for port in (1, 2):
        client = Client(program.port(), first=proxy_v2(("192.0.2.7", port)))
        assert client.send(REQUEST.replace("Connection: close\r\n", "")).answer().status == 200
        held.append(client)  # kept alive, parked
    assert status(program, first=proxy_v2(("192.0.2.7", 3))) is None
    assert status(program, first=proxy_v2(("192.0.2.8", 1))) == 200
    assert closed(program, "too_many_connections") == 1
    held.pop().close()
    wait_until(lambda: status(program, first=proxy_v2(("192.0.2.7", 4))) == 200)
    held.pop().close()


def test_one_source_connects_at_a_rate_and_a_reload_does_not_forget(gateway, service):
    program = gateway([service], workers=2, listener={"per_source": {"rate": "1/h"}})
    assert [status(program), status(program)] == [200, None]
    program.reload(program.config.read_text().replace('"1/h"', '"2/h"'))
    assert status(program) is None
    assert closed(program, "rate_limited") == 2
    program.reload(program.config.read_text().replace("2/h", "none"))
    assert status(program) == 200


ROUTES = (tandem.section("[[route]]", match="/open", to="service")
          + tandem.section("[[route]]", name="inner", match="/inner", to="service", allow_from=["10.0.0.0/8", "192.0.2.7"],
                           deny_from=["10.1.0.0/16"], cors={"origins": ["https://page.example"]}))


def test_a_route_has_lists_of_its_own_and_the_connection_goes_on(gateway, service):
    program = gateway([service], routes=ROUTES, listener=LISTED)

    def ask_both(client):
        with Client(program.port(), first=proxy_v2((client, 1))) as connection:
            return [connection.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nOrigin: https://page.example\r\n\r\n").answer()
                    for path in ("/inner", "/open")]

    assert [a.status for a in ask_both("10.2.0.1")] == [200, 200]
    assert [a.status for a in ask_both("192.0.2.7")] == [200, 200]
    inner, outer = ask_both("10.1.0.1")
    assert (inner.status, outer.status) == (403, 200)
    assert inner.header("Access-Control-Allow-Origin") == "https://page.example"
    assert program.metric("gateway_refused_total", route="inner", reason="forbidden") == 1


def test_defaults_give_every_route_a_list_that_one_may_replace(gateway, service):
    routes = (tandem.section("[[route]]", match="/inner", to="service")
              + tandem.section("[[route]]", match="/open", to="service", allow_from=["0.0.0.0/0"]))
    program = gateway([service], defaults={"allow_from": ["192.0.2.0/24"]}, routes=routes)
    assert [get(program.port(), path).status for path in ("/inner", "/open")] == [403, 200]
