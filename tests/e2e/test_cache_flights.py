"""One request to the service for all who ask at once; who reads slowly, leaves, or asks for something else is nobody
else's affair. And what is stale on purpose."""
import json
import os
import threading

import pytest

from cached import Cached, is_hit, result, says, validating
from origins import Origin, response
from raw import DEADLINE, Client, get, wait_until
from tandem import gateway_config, section

STALE = "Age: 100000\r\n"


@pytest.fixture
def shop(tmp_path):
    made = Cached(tmp_path / "gateway", cache={"size": "32MiB", "max_object": "4MiB"}, workers=2)
    yield made
    made.close()


class Gate:
    """An answer that waits for open()."""

    def __init__(self, answer):
        self.answer, self.opened = answer, threading.Event()

    def __call__(self, request):
        assert self.opened.wait(DEADLINE)
        return self.answer(request) if callable(self.answer) else self.answer

    def open(self):
        self.opened.set()


def caches(program):
    return json.loads(program.admin("/status")[2])["caches"][0]


def waiting(shop, count):
    wait_until(lambda: caches(shop.program)["waiting"] == count, what=f"{count} requests in a flight")


def ask(shop, resource, headers=""):
    client = Client(shop.port)
    return client.send(f"GET {resource.path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n")


def answers(clients):
    got = [client.answer() for client in clients]
    for client in clients:
        client.close()
    return got


def test_a_thousand_misses_are_one_request(shop):
    gate = Gate(says("max-age=60", body=b"x" * 5000))
    resource = shop.resource(gate)
    clients = [ask(shop, resource) for _ in range(1000)]
    waiting(shop, 1000)
    gate.open()
    got = answers(clients)
    assert {(a.status, a.body) for a in got} == {(200, b"x" * 5000)}
    assert resource.count == 1
    assert sum("collapsed" in result(a)[1] for a in got) == 999
    assert shop.program.metric("gateway_cache_total", result="collapsed") == 999
    assert is_hit(resource.get()) and caches(shop.program)["waiting"] == 0


@pytest.mark.parametrize("control", ["no-store", "private, max-age=60", "max-age=0", "no-cache"])
def test_who_waits_for_what_cannot_be_shared_is_let_go_at_once(shop, control):
    gate = Gate(lambda request: says(control, body=request.header("X-Who").encode(), headers='ETag: "a"\r\n'))
    resource = shop.resource(gate)
    clients = [ask(shop, resource, f"X-Who: {i}\r\n") for i in range(30)]
    waiting(shop, 30)
    wait_until(lambda: resource.count == 1)
    gate.open()
    assert [a.body for a in answers(clients)] == [str(i).encode() for i in range(30)]
    assert resource.count == 30


def test_afterwards_nobody_waits_for_it_at_all(shop):
    """What could not be stored goes its own way for a while, side by side."""
    barrier = threading.Barrier(3)
    resource = shop.resource(says("no-store"), lambda request: barrier.wait(DEADLINE) is not None and says("no-store"))
    resource.get()
    got = answers([ask(shop, resource) for _ in range(3)])  # none of them is answered before all have come
    assert [a.status for a in got] == [200] * 3 and resource.count == 4


def test_what_becomes_storable_is_stored_again(shop):
    resource = shop.resource(says("no-store"), says("max-age=60"))
    for _ in range(3):
        assert not is_hit(resource.get())
    assert is_hit(resource.get()) and resource.count == 3


def streaming(first, go_on, rest, head):
    """A service that sends `head` and `first`, and `rest` once `go_on` is set."""
    def behaviour(connection):
        while b"\r\n\r\n" not in connection.received:
            if not connection.read():
                return
        connection.socket.sendall(head + first)
        assert go_on.wait(DEADLINE)
        connection.socket.sendall(rest)
        connection.read_all()
    return Origin(behaviour)


@pytest.fixture
def streamed(start, keep):
    """streamed(head, first, rest) -> (program, the event that lets the rest go, the service)."""
    events = []

    def make(head, first, rest, **cache):
        go_on = threading.Event()
        events.append(go_on)
        service = keep(streaming(first, go_on, rest, head))
        routes = section("[cache.shared]", **cache) + section("[[route]]", match="/{rest...}", to="service", cache="shared")
        return start("gateway", gateway_config([service.address], routes=routes, workers=2)), go_on, service
    yield make
    for event in events:
        event.set()


LENGTH = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n"
REQUEST = "GET /x HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.mark.parametrize("head, first, rest", [(LENGTH, b"01234", b"56789"), (CHUNKED, b"5\r\n01234\r\n", b"5\r\n56789\r\n0\r\n\r\n")],
                         ids=["length", "chunked"])
def test_the_first_client_reads_while_it_comes(streamed, head, first, rest):
    program, go_on, _ = streamed(head, first, rest)
    with Client(program.port()) as client:
        client.send(REQUEST)
        assert client.read_until(b"01234").endswith(b"01234")
        go_on.set()
        assert client.read_until(b"56789").endswith(b"56789")
    wait_until(lambda: caches(program)["entries"] == 1)
    assert get(program.port(), "/x").body == b"0123456789"


def test_others_read_along_where_the_length_is_known(streamed):
    program, go_on, service = streamed(LENGTH, b"01234", b"56789")
    with Client(program.port()) as one, Client(program.port()) as other:
        one.send(REQUEST).read_until(b"01234")
        assert other.send(REQUEST).read_until(b"01234").endswith(b"01234")
        go_on.set()
        assert one.read_until(b"56789") == other.read_until(b"56789") == b"56789"
    assert len(service.connections) == 1


@pytest.mark.parametrize("leave", [Client.reset, Client.close])
def test_the_flight_goes_on_when_the_first_client_leaves(streamed, leave):
    program, go_on, service = streamed(LENGTH, b"01234", b"56789")
    one, other = Client(program.port()), Client(program.port())
    one.send(REQUEST).read_until(b"01234")
    other.send(REQUEST).read_until(b"01234")
    leave(one)
    go_on.set()
    assert other.read_until(b"56789") == b"56789"
    other.close()
    wait_until(lambda: caches(program)["entries"] == 1)
    assert is_hit(get(program.port(), "/x")) and len(service.connections) == 1


def test_and_when_all_leave_before_the_head(shop):
    gate = Gate(says("max-age=60"))
    resource = shop.resource(gate)
    clients = [ask(shop, resource) for _ in range(2)]
    waiting(shop, 2)
    for client in clients:
        client.reset()
    waiting(shop, 0)
    gate.open()
    wait_until(lambda: caches(shop.program)["entries"] == 1)
    assert is_hit(resource.get()) and resource.count == 1


def test_who_does_not_read_keeps_nobody_waiting(shop):
    body = os.urandom(3_000_000)
    gate = Gate(says("max-age=60", body=body))
    resource = shop.resource(gate)
    with Client(shop.port, receive_buffer=4096) as slow:
        slow.send(f"GET {resource.path} HTTP/1.1\r\nHost: test\r\n\r\n")
        waiting(shop, 1)
        gate.open()
        assert resource.get().body == body
        assert slow.answer().body == body
    assert resource.count == 1


def test_what_grows_too_long_goes_to_the_first_client_whole(shop):
    body = os.urandom(6_000_000)
    gate = Gate(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
    resource = shop.resource(gate)
    clients = [ask(shop, resource) for _ in range(3)]
    waiting(shop, 3)
    gate.open()
    assert all(a.body == body for a in answers(clients))
    assert resource.count == 3 and caches(shop.program)["entries"] == 0
    wait_until(lambda: caches(shop.program)["bytes"] == 0, what="all memory given back")


def test_a_failure_is_everybodys(shop):
    gate = Gate(lambda request: None)
    resource = shop.resource(gate)
    clients = [ask(shop, resource) for _ in range(10)]
    waiting(shop, 10)
    gate.open()
    assert {a.status for a in answers(clients)} == {502} and resource.count == 1


def test_variants_part_when_the_answer_says_by_what(shop):
    gate = Gate(lambda request: says("max-age=60", body=request.header("Accept-Language").encode(), headers="Vary: Accept-Language\r\n"))
    resource = shop.resource(gate)
    names = [("de", "en", "fr")[i % 3] for i in range(60)]
    clients = [ask(shop, resource, f"Accept-Language: {name}\r\n") for name in names]
    waiting(shop, 60)
    gate.open()
    assert [a.body.decode() for a in answers(clients)] == names
    assert resource.count == 3


def test_revalidating_is_one_request_too(shop):
    gate = Gate(validating('"a"'))
    resource = shop.resource(validating('"a"'), gate)
    resource.get()
    clients = [ask(shop, resource) for _ in range(20)]
    waiting(shop, 20)
    gate.open()
    got = answers(clients)
    assert {(a.status, a.body) for a in got} == {(200, b"hello")} and resource.count <= 21
    assert [r.header("If-None-Match") for r in resource.requests[1:]] == ['"a"'] * (resource.count - 1)


def test_5861_3_stale_while_revalidate_answers_at_once_and_asks_behind(shop):
    gate = Gate(says("max-age=60", body=b"new"))
    resource = shop.resource(says("max-age=10, stale-while-revalidate=1000000", headers=STALE), gate)
    resource.get()
    for _ in range(3):
        answer = resource.get()
        assert answer.body == b"hello" and is_hit(answer) and int(result(answer)[1]["ttl"]) < 0
    wait_until(lambda: resource.count == 2)
    gate.open()
    wait_until(lambda: resource.get().body == b"new")
    assert resource.count == 2
    assert shop.program.access_log(count=1, cache="stale")


@pytest.mark.parametrize("failure", [None, says("", status=500, reason="No"), says("", status=503, reason="No")])
def test_5861_4_stale_if_error_stands_in(shop, failure):
    resource = shop.resource(says("max-age=10, stale-if-error=1000000", headers=STALE), failure)
    resource.get()
    answer = resource.get()
    assert (answer.status, answer.body) == (200, b"hello")
    assert result(answer)[1]["detail"] == "stale-if-error" and int(answer.header("Age")) >= 100000


def test_5861_4_not_for_an_answer_that_is_no_error(shop):
    resource = shop.resource(says("max-age=10, stale-if-error=1000000", headers=STALE), says("", status=404, reason="No", body=b"gone"))
    resource.get()
    assert resource.get().status == 404


def test_5861_4_nor_for_ever(shop):
    resource = shop.resource(says("max-age=10, stale-if-error=10", headers=STALE + 'ETag: "a"\r\n'), None)
    resource.get()
    assert resource.get().status == 502


def test_the_files_stale_counts_where_the_answer_says_nothing(tmp_path):
    shop = Cached(tmp_path, cache={"stale": {"while_revalidate": "400h", "if_error": "2h"}})
    resource = shop.resource(says("max-age=10", headers=STALE), says("max-age=60", body=b"new"))
    resource.get()
    assert resource.get().body == b"hello"
    strict = shop.resource(says("max-age=10, must-revalidate", headers=STALE + 'ETag: "a"\r\n'), says("max-age=60", body=b"new"))
    strict.get()
    assert strict.get().body == b"new"
    shop.close()


def test_a_purge_on_the_way_leaves_nothing(shop):
    gate = Gate(says("max-age=60"))
    resource = shop.resource(gate, says("max-age=60", body=b"new"))
    client = ask(shop, resource)
    waiting(shop, 1)
    assert shop.program.admin("/cache/shared?prefix=http%3A%2F%2Ftest%2Fr%2F", method="DELETE")[0] == 200
    gate.open()
    assert answers([client])[0].body == b"hello"
    assert resource.get().body == b"new"


def test_a_reload_on_the_way_changes_nothing(shop):
    gate = Gate(says("max-age=60"))
    resource, other = shop.resource(gate), shop.resource(says("max-age=60"))
    other.get()
    clients = [ask(shop, resource) for _ in range(2)]
    waiting(shop, 2)
    assert shop.program.admin("/reload", method="POST")[0] == 200
    gate.open()
    assert [a.body for a in answers(clients)] == [b"hello"] * 2
    assert is_hit(resource.get()) and is_hit(other.get())


def test_memory_is_bounded_by_size(tmp_path):
    shop = Cached(tmp_path, cache={"size": "1MiB", "max_object": "100KiB"}, workers=2)
    body = os.urandom(30_000)
    shop.resource(lambda request: says("max-age=600", body=body), path="/big")
    for i in range(200):
        assert shop.ask(f"/big?{i}").body == body
        assert caches(shop.program)["bytes"] <= 1024 * 1024
    told = caches(shop.program)
    assert told["entries"] > 20 and told["evicted"] > 100
    assert is_hit(shop.ask("/big?199"))
    shop.close()
