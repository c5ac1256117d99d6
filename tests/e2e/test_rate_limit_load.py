"""A limit under ten times its rate for a while: by one gateway, by two through lb with Redis, and with Redis killed in
the middle. TANDEM_BIG=1: the full sizes, within 1 % of what is allowed."""
import json
import time

import pytest

from paced import Paced
from raw import Client, wait_until
from tandem import BIG, gateway_config, sanitized, section
from test_rate_limit import by_result, limit, route
from test_rate_limit_redis import redis, redis_section, shared, state  # noqa: F401: a fixture

RATE, BURST, OFFERED = 100, 100, 1000
SECONDS = 20 if BIG else 3
LEAST = 0.99 if BIG else 0.5  # of what is allowed, on a machine that may be so busy that the load comes in bursts
LIMIT = {"rate": f"{RATE}/s", "burst": BURST, "key": "ip"}


def told(name, outcome, **more):
    admitted = outcome.count(200)
    allowed = RATE * outcome.seconds + BURST
    print(f"\n{name}: {len(outcome.answers) / outcome.seconds:.0f}/s offered for {outcome.seconds:.2f} s, {admitted} admitted, "
          f"{allowed:.0f} allowed ({admitted / allowed - 1:+.2%})", *(f"{key} {value}" for key, value in more.items()))
    return admitted, allowed


def check(outcome, admitted, allowed):
    assert outcome.statuses() == {200, 429}
    assert admitted <= allowed * (1.01 if BIG else 1) + 1
    if len(outcome.answers) > 5 * RATE * outcome.seconds:  # as much was offered as should be
        assert admitted >= LEAST * allowed
    assert not BIG or len(outcome.answers) > 0.95 * OFFERED * SECONDS


def test_one_gateway_admits_its_rate(gateway, origin):
    program = gateway([origin], workers=2, routes=limit(**LIMIT) + route())
    outcome = Paced([program.port()], rate=OFFERED, seconds=SECONDS).outcome()
    check(outcome, *told("two workers", outcome))
    assert by_result(program)["allowed"] == outcome.count(200)


@pytest.fixture
def pair(lb, gateway, origin):
    """pair(routes) -> (lb, [two gateways behind it])"""
    def make(routes):
        trusting = {"proxy_protocol_from": ["127.0.0.1/32"]}
        gateways = [gateway([origin], workers=2, listener=trusting, routes=routes) for _ in range(2)]
        return lb([f"127.0.0.1:{g.port()}" for g in gateways], upstream={"proxy_protocol": "v2"}), gateways
    return make


def test_two_gateways_through_lb_admit_the_rate_together(pair, redis):
    front, gateways = pair(redis_section(redis(), timeout="1s") + shared(**LIMIT) + route())
    outcome = Paced([front.port()], rate=OFFERED, seconds=SECONDS).outcome()
    check(outcome, *told("two gateways, Redis", outcome))
    counted = [by_result(g) for g in gateways]
    assert sum(c["allowed"] for c in counted) == outcome.count(200) and all(c["allowed"] for c in counted)


def test_redis_killed_and_started_again_in_the_middle(pair, redis):
    server = redis()
    front, gateways = pair(redis_section(server, timeout="100ms") + shared(instances=2, **LIMIT) + route())
    seconds = 20 if BIG else 6
    load = Paced([front.port()], rate=OFFERED, seconds=seconds)
    wait_until(lambda: server.client().exists("gateway:few:ip=127.0.0.1"), what="the load")
    time.sleep(seconds / 4)  # the run has a shape: a quarter of it shared
    server.kill()
    killed = time.monotonic()
    wait_until(lambda: all(state(g)["state"] == "down" for g in gateways), what="the outage")
    time.sleep(seconds / 4)
    began = time.monotonic()
    server.start()
    started = time.monotonic()
    wait_until(lambda: all(state(g)["state"] == "up" for g in gateways), what="the shared limit")
    back = time.monotonic()
    outcome = load.outcome()
    down, tail = back - killed, outcome.answers[-1][0] - back
    allowed = RATE * outcome.seconds + BURST * 2 + len(gateways) * (RATE / 2 * down + BURST)
    afterwards = outcome.count(200, since=back)
    admitted, _ = told("Redis killed", outcome, down=f"{down:.2f} s,", most=f"{allowed:.0f},", back=f"in {back - began:.2f} s,",
                       afterwards=f"{afterwards} in {tail:.2f} s")
    assert outcome.statuses() == {200, 429}  # nothing became an error
    assert admitted <= allowed
    assert back - started < (10 if sanitized() else 2)
    assert afterwards <= RATE * tail + BURST + (50 if BIG else BURST)  # one limit again, and answers that were on their way
    assert [state(g)["outages"] for g in gateways] == [1, 1]


@pytest.mark.skipif(sanitized(), reason="memory means nothing")
def test_memory_of_many_live_keys(start):
    keys = 1_000_000 if BIG else 50_000
    routes = limit(key="header:X-Tenant", rate="1/h", burst=1) + section(
        "[[route]]", match="/{rest...}", respond={"status": 204}, rate_limit=["few"])
    program = start("gateway", gateway_config([], routes=routes).replace('"access.log"', '"off"')
                    .replace("servers = []", 'servers = ["127.0.0.1:1"]'))
    before = program.resident_kib()
    with Client(program.port()) as client:
        for first in range(0, keys, 500):
            client.send("".join(f"GET / HTTP/1.1\r\nHost: x\r\nX-Tenant: {n}\r\n\r\n" for n in range(first, first + 500)))
            assert {client.answer().status for _ in range(500)} == {204}
    grown = program.resident_kib() - before
    known = {one["name"]: one for one in json.loads(program.admin("/status")[2])["limits"]}["few"]["keys"]
    print(f"\n{keys} keys: {grown} KiB more, {known} kept")
    assert grown < 100 * 1024 and known > 0.99 * keys
