"""When every server is at its max_connections: a bounded queue, served in turn, left in time, and never a hang."""
import threading

import pytest

from origins import HttpOrigin, Origin, response
from raw import Client, wait_until

GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def one_at_a_time(origin, **options):
    """Keywords for lb() and gateway(): one server that takes one connection or exchange, and a queue."""
    queue = {"size": 10, "timeout": "20s", **options}
    return {"servers": [{"address": origin.address, "max_connections": 1}], "upstream": {"queue": queue}}


def queued(program):
    return program.metric(f"{program.name}_upstream_queued")


@pytest.fixture
def held():
    """An HTTP service that answers when it is told to."""
    go = threading.Event()

    def answer(request):
        assert go.wait(20)
        return response(request.target.encode())
    service = HttpOrigin(answer)
    service.go = go
    yield service
    go.set()


def test_lb_connections_wait_for_room_first_come_first_served(lb, keep):
    origin = keep(Origin.echo())
    program = lb(**one_at_a_time(origin))
    first = Client(program.port(), first=b"1")
    assert first.receive(1) == b"1"
    waiting = []
    for n in range(3):
        waiting.append(Client(program.port(), first=b"%d" % (n + 2)))
        wait_until(lambda: queued(program) == n + 1, what="a place in the queue")
    assert len(origin.connections) == 1
    for n, client in enumerate(waiting):
        first.close()
        assert client.receive(1) == b"%d" % (n + 2)
        assert len(origin.connections) == n + 2
        first = client
    first.close()
    assert all(entry["end"] == "client" for entry in program.access_log(count=4))
    assert queued(program) == 0


def test_lb_closes_when_the_queue_is_full_and_when_the_wait_is_over(lb, keep):
    program = lb(**one_at_a_time(keep(Origin.echo()), size=1, timeout="300ms"))
    with Client(program.port(), first=b"1") as first:
        assert first.receive(1) == b"1"
        with Client(program.port()) as waiting:
            wait_until(lambda: queued(program) == 1)
            with Client(program.port()) as refused:
                assert refused.ended()
            program.access_log(count=1, end="server_full")
            assert waiting.ended()
    entry = program.access_log(count=1, end="queue_timeout")[0]
    assert entry["upstream"] == "servers" and entry["server"] in (None, "") and entry["duration_ms"] >= 300
    assert program.metric("lb_connections_total", result="queue_timeout") == 1
    assert program.metric("lb_connections_total", result="server_full") == 1


def test_lb_without_a_queue_closes_at_once(lb, keep):
    origin = keep(Origin.echo())
    program = lb([{"address": origin.address, "max_connections": 1}])
    with Client(program.port(), first=b"1") as first:
        assert first.receive(1) == b"1"
        with Client(program.port()) as refused:
            assert refused.ended()
        program.access_log(count=1, end="server_full")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_lb_while_queued_frees_its_place(how, lb, keep):
    program = lb(**one_at_a_time(keep(Origin.echo()), size=1))
    with Client(program.port(), first=b"1") as first:
        assert first.receive(1) == b"1"
        leaving = Client(program.port())
        wait_until(lambda: queued(program) == 1)
        getattr(leaving, how)()
        wait_until(lambda: queued(program) == 0, what="the place free")
        program.access_log(count=1, end="client_closed")
        with Client(program.port(), first=b"2") as next_one:
            wait_until(lambda: queued(program) == 1)
            first.close()
            assert next_one.receive(1) == b"2"


def test_a_client_that_has_said_all_keeps_its_place(lb, keep):
    program = lb(**one_at_a_time(keep(Origin.echo())))
    with Client(program.port(), first=b"1") as first, Client(program.port()) as waiting:
        assert first.receive(1) == b"1"
        waiting.send("all of it").shutdown_write()
        wait_until(lambda: queued(program) == 1)
        first.close()
        assert waiting.read_all() == b"all of it"


def test_gateway_requests_wait_for_room(gateway, held):
    program = gateway(**one_at_a_time(held))
    clients = [Client(program.port()).send(GET.replace("/ ", f"/{n} ")) for n in range(4)]
    wait_until(lambda: queued(program) == 3)
    wait_until(lambda: held.requests, what="the one request that has room")
    assert len(held.requests) == 1
    held.go.set()
    for n, client in enumerate(clients):
        answer = client.answer()
        assert (answer.status, answer.body) == (200, b"/%d" % n)
        client.close()
    assert queued(program) == 0


def test_gateway_answers_503_when_the_queue_is_full_and_when_the_wait_is_over(gateway, held):
    program = gateway(**one_at_a_time(held, size=1, timeout="300ms"))
    with Client(program.port()).send(GET), Client(program.port()) as waiting, Client(program.port()) as refused:
        wait_until(lambda: held.requests)
        waiting.send(GET)
        wait_until(lambda: queued(program) == 1)
        full, late = refused.send(GET).answer(), waiting.answer()
        assert full.status == late.status == 503
        assert b'"reason":"server_full"' in full.body and b'"reason":"queue_timeout"' in late.body
        held.go.set()
        wait_until(lambda: program.access_log(status=200))
        assert waiting.send(GET).answer().status == 200  # a refusal costs the request, not the connection
    assert program.access_log(count=1, reason="queue_timeout")[0]["upstream"] == "service"
    assert program.metric("gateway_refused_total", reason="server_full") == 1


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_gateway_while_queued_frees_its_place(how, gateway, held):
    program = gateway(**one_at_a_time(held, size=1))
    with Client(program.port()).send(GET):
        wait_until(lambda: held.requests)
        leaving = Client(program.port()).send(GET)
        wait_until(lambda: queued(program) == 1)
        getattr(leaving, how)()
        wait_until(lambda: queued(program) == 0, what="the place free")
        program.access_log(count=1, reason="client_closed")
        held.go.set()
    assert len(held.requests) == 1


def test_a_drain_does_not_hang_on_a_queue(lb, keep):
    program = lb(drain="300ms", **one_at_a_time(keep(Origin.echo())))
    with Client(program.port(), first=b"1") as first, Client(program.port()) as waiting:
        assert first.receive(1) == b"1"
        wait_until(lambda: queued(program) == 1)
        program.term()
        assert waiting.ended() and program.wait() == 0
