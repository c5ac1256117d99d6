"""`max_in_flight` of an upstream and `concurrency` of a route: how many requests may be under way, and whose place it is."""
import json
import threading

import pytest

from origins import HttpOrigin, Origin, response
from raw import Client, wait_until
from tandem import section
from ws import opening, switched

GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Held:
    """A service that answers when it is told to."""

    def __init__(self):
        self.go = threading.Event()
        self.http = HttpOrigin(self.answer)
        self.address = self.http.address

    @property
    def requests(self):
        return self.http.requests

    def answer(self, request):
        assert self.go.wait(20)
        return response(request.target.encode())


@pytest.fixture
def held():
    services = [Held(), Held()]
    yield services
    for service in services:
        service.go.set()


def arrived(services, count):
    wait_until(lambda: sum(len(s.requests) for s in services) == count, what=f"{count} requests at the services")


def let_go(services):
    for service in services:
        service.go.set()


def routes(**more):
    return section("[[route]]", name="all", match="/{rest...}", to="service", **more)


def route_status(program):
    return json.loads(program.admin("/status")[2])["routes"][0]


def upstream_status(program):
    return json.loads(program.admin("/status")[2])["upstreams"][0]


# --- max_in_flight


def test_an_upstream_gets_no_more_than_max_in_flight_over_all_its_servers(gateway, held):
    program = gateway(held, upstream={"max_in_flight": 3})
    clients = [Client(program.port()).send(GET) for _ in range(3)]
    arrived(held, 3)
    assert (upstream_status(program)["in_flight"], upstream_status(program)["max_in_flight"]) == (3, 3)
    with Client(program.port()) as client:
        answer = client.send(GET).answer()
        assert answer.status == 503 and b'"reason":"overloaded"' in answer.body
        let_go(held)
        assert [c.answer().status for c in clients] == [200] * 3
        wait_until(lambda: upstream_status(program)["in_flight"] == 0)
        assert client.send(GET).answer().status == 200  # the refusal cost the request, not the connection
    for client in clients:
        client.close()
    line = program.access_log(count=1, reason="overloaded")[0]
    assert line["upstream"] == "service" and line["attempts"] == 0


def test_with_a_queue_they_wait_their_turn(gateway, held):
    program = gateway(held, upstream={"max_in_flight": 1, "queue": {"size": 2, "timeout": "20s"}})
    clients = []
    for n in range(3):
        clients.append(Client(program.port()).send(GET.replace("/ ", f"/{n} ")))
        arrived(held, 1)
        wait_until(lambda: upstream_status(program)["queued"] == n)
    with Client(program.port()) as refused:
        assert b'"reason":"overloaded"' in refused.send(GET).answer().body
    let_go(held)
    assert [c.answer().body for c in clients] == [b"/0", b"/1", b"/2"]
    assert [r.target for r in sorted((r for s in held for r in s.requests), key=lambda r: r.target)] == ["/0", "/1", "/2"]


def test_the_wait_ends(gateway, held):
    program = gateway(held, upstream={"max_in_flight": 1, "queue": {"size": 2, "timeout": "200ms"}})
    with Client(program.port()).send(GET), Client(program.port()) as late:
        arrived(held, 1)
        answer = late.send(GET).answer()
        assert answer.status == 503 and b'"reason":"queue_timeout"' in answer.body


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_the_queue_frees_its_place(how, gateway, held):
    program = gateway(held, upstream={"max_in_flight": 1, "queue": {"size": 1, "timeout": "20s"}})
    with Client(program.port()).send(GET) as first:
        arrived(held, 1)
        leaving = Client(program.port()).send(GET)
        wait_until(lambda: upstream_status(program)["queued"] == 1)
        getattr(leaving, how)()
        wait_until(lambda: upstream_status(program)["queued"] == 0, what="the place free")
        let_go(held)
        assert first.answer().status == 200
    wait_until(lambda: upstream_status(program)["in_flight"] == 0)
    assert sum(len(s.requests) for s in held) == 1


@pytest.mark.parametrize("how", ["close", "reset"])
def test_who_leaves_a_download_is_in_flight_no_longer(how, gateway, keep):
    def endless(connection):
        connection.read()
        connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            connection.socket.sendall(b"x" * 65536)
    program = gateway([keep(Origin(endless))], upstream={"max_in_flight": 1})
    for _ in range(3):
        client = Client(program.port()).send(GET)
        assert client.receive(12) == b"HTTP/1.1 200"
        getattr(client, how)()
        wait_until(lambda: upstream_status(program)["in_flight"] == 0)


# --- concurrency


def test_a_route_takes_no_more_than_its_concurrency(gateway, held):
    program = gateway(held, routes=routes(concurrency=2))
    clients = [Client(program.port()).send(GET) for _ in range(2)]
    arrived(held, 2)
    assert (route_status(program)["in_flight"], route_status(program)["concurrency"]) == (2, 2)
    with Client(program.port()) as client:
        answer = client.send(GET).answer()
        assert answer.status == 503 and b'"reason":"overloaded"' in answer.body
        clients[0].reset()
        wait_until(lambda: route_status(program)["in_flight"] == 1, what="the place of one that left")
        let_go(held)
        assert client.send(GET).answer().status == 200
    assert clients[1].answer().status == 200
    wait_until(lambda: route_status(program)["in_flight"] == 0)
    assert program.metric("gateway_refused_total", route="all", reason="overloaded") == 1


def test_each_key_has_its_own_concurrency(gateway, held):
    program = gateway(held, routes=routes(concurrency={"limit": 1, "key": "header:X-Tenant"}))

    def of(tenant):
        return Client(program.port()).send(f"GET / HTTP/1.1\r\nHost: x\r\n{tenant}\r\n")
    with of("X-Tenant: a\r\n"), of("X-Tenant: b\r\n"), of(""):
        arrived(held, 3)
        for tenant in ("X-Tenant: a\r\n", "X-Tenant: b\r\n", "", "X-Tenant:\r\n"):  # without one: of the address
            with of(tenant) as client:
                answer = client.answer()
                assert answer.status == 429 and b'"reason":"concurrency_limited"' in answer.body
                assert answer.header("Retry-After") == "1"
        let_go(held)
    wait_until(lambda: route_status(program)["in_flight"] == 0)


def test_a_reload_does_not_forget_who_is_under_way(gateway, held):
    program = gateway(held, routes=routes(concurrency=1), upstream={"max_in_flight": 5})
    with Client(program.port()).send(GET) as first:
        arrived(held, 1)
        program.reload(program.config.read_text().replace('timeout = "5s"', 'timeout = "6s"', 1))
        assert route_status(program)["in_flight"] == 1 and upstream_status(program)["in_flight"] == 1
        with Client(program.port()) as client:
            assert client.send(GET).answer().status == 503
        let_go(held)
        assert first.answer().status == 200
    wait_until(lambda: route_status(program)["in_flight"] == 0 and upstream_status(program)["in_flight"] == 0)


def test_a_websocket_keeps_its_place_until_it_ends(gateway, keep):
    def switching(connection):
        connection.read()
        connection.socket.sendall(switched())
        connection.read_all()
    program = gateway([keep(Origin(switching))], routes=routes(concurrency=1), upstream={"max_in_flight": 5})
    with Client(program.port()) as client, Client(program.port()) as other:
        assert client.send(opening()).answer().status == 101
        assert route_status(program)["in_flight"] == 1 and upstream_status(program)["in_flight"] == 1
        assert other.send(opening()).answer().status == 503
    wait_until(lambda: route_status(program)["in_flight"] == 0 and upstream_status(program)["in_flight"] == 0)
