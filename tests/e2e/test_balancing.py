"""lb shares connections out as its policy says: to the last one where the policy is exact, and away from slow and frozen
servers where it measures."""
import collections
import json
import time

import pytest
from load import Load
from origins import Origin
from raw import Client, proxy_v2, wait_until
from slow_server import SlowServer
from tandem import BIG

REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def one_request(port):
    def visit(_):
        with Client(port) as client:
            assert client.send(REQUEST).answer().body
    return visit


def servers_of(program):
    return json.loads(program.admin("/status")[2])["upstreams"][0]["servers"]


def in_flight(program):
    return {server["name"]: server["in_flight"] for server in servers_of(program)}


def test_weights_of_5_1_1_are_kept_exactly_and_smoothly_over_two_workers(lb, keep):
    names = [b"a", b"b", b"c"]
    origins = [keep(Origin.says(name)) for name in names]
    servers = [{"address": origin.address, "weight": weight} for origin, weight in zip(origins, (5, 1, 1))]
    port = lb(servers, workers=2).port()
    seen = []
    for _ in range(12_000 if BIG else 700):
        with Client(port) as client:
            seen.append(client.read_all())
    counts = collections.Counter(seen)
    for name, share in zip(names, (5 / 7, 1 / 7, 1 / 7)):
        assert abs(counts[name] / len(seen) - share) < 0.01 * share + 1 / len(seen)
    for begin in range(0, len(seen) - 7, 7):  # smooth: each seven has all, and b and c do not stand together
        seven = seen[begin:begin + 7]
        assert seven.count(b"a") == 5 and seven.count(b"b") == 1 and abs(seven.index(b"b") - seven.index(b"c")) > 1


def test_few_sources_move_when_one_of_ten_servers_goes(lb, keep):
    origins = [keep(Origin.says(b"%d" % n)) for n in range(10)]
    program = lb(origins, listener={"proxy_protocol_from": ["127.0.0.0/8"]}, upstream={"balance": "source_hash"})

    def servers_of_sources():
        chosen = {}
        for n in range(1000 if BIG else 300):
            source = f"10.1.{n // 250}.{n % 250 + 1}"
            with Client(program.port(), first=proxy_v2(source=(source, 1024 + n))) as client:
                chosen[source] = client.read_all()
        return chosen

    before = servers_of_sources()
    assert program.admin(f"/upstreams/servers/servers/{origins[3].address}/disable", "POST")[0] == 200
    after = servers_of_sources()
    moved = sum(before[source] != after[source] for source in before)
    assert moved >= sum(server == b"3" for server in before.values()) > 0
    assert moved < 0.2 * len(before)
    assert b"3" not in after.values()


def test_held_connections_never_differ_by_more_than_one(lb, keep):
    held = 4000 if BIG else 300
    origins = [keep(Origin.silent()) for _ in range(4)]
    program = lb(origins, upstream={"balance": "least_connections"}, workers=2)
    clients = []
    for n in range(held):
        clients.append(Client(program.port()))
        if n % (held // 10) == 0:
            wait_until(lambda: sum(in_flight(program).values()) == len(clients))
            counts = in_flight(program).values()
            assert max(counts) - min(counts) <= 1, counts
    wait_until(lambda: sum(in_flight(program).values()) == held)
    assert set(in_flight(program).values()) == {held // 4}
    for client in clients:
        client.close()


@pytest.fixture
def three(keep):
    return [keep(SlowServer()) for _ in range(3)]


def picks(program):
    """Connections that each server has been given since the start."""
    return {server["name"]: server["total"] for server in servers_of(program)}


def share(program, server, of=300):
    """What `server` is given of the next `of` connections."""
    before = picks(program)
    wait_until(lambda: sum(picks(program).values()) >= sum(before.values()) + of, 60)
    after = picks(program)
    return (after[server.address] - before[server.address]) / (sum(after.values()) - sum(before.values()))


def test_a_slowed_server_loses_its_share_and_gets_it_back(lb, three):
    slow = three[1]
    program = lb(three, upstream={"balance": "response_time"}, workers=2)
    with Load(*[one_request(program.port())] * 8):
        wait_until(lambda: share(program, slow) > 0.15, what="an even share")
        slow.slow()
        if BIG:
            time.sleep(2)
            assert share(program, slow, of=2000) < 0.05
        wait_until(lambda: share(program, slow) < 0.05, what="less than 5 % for the slowed server")
        assert share(program, slow, of=600) < 0.05
        slow.quick()
        wait_until(lambda: share(program, slow) > 0.15, 30, "the share's return")


def test_a_frozen_server_that_still_accepts_gets_nothing_new(lb, three):
    frozen = three[2]
    program = lb(three, upstream={"balance": "response_time"}, workers=2,
                 health={"check": "http", "path": "/", "every": "5s"})
    idle = [Client(program.port()) for _ in range(36)]
    wait_until(lambda: sum(in_flight(program).values()) == len(idle))
    with Load(*[one_request(program.port())] * 16):  # some of them wait on the frozen server to the end
        share(program, frozen, of=100)
        assert in_flight(program)[frozen.address] >= 8
        frozen.freeze()
        for client in idle:
            client.send(REQUEST)
        if BIG:
            time.sleep(1)
        wait_until(lambda: share(program, frozen, of=50) == 0, what="nothing new for the frozen server")
        assert share(program, frozen, of=3000 if BIG else 500) == 0
        frozen.thaw()
        wait_until(lambda: share(program, frozen, of=100) > 0, 30, "its return")
        for client in idle:
            assert client.answer().status == 200
            client.close()
