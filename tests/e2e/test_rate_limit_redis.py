"""Limits that gateways share by Redis: a real one that is down at start, killed, suspended, emptied, and comes back."""
import json
import re
import threading
import time

import pytest

from certificates import Authority
from origins import Origin
from raw import Client, get, wait_until
from redis_server import RedisServer
from tandem import gateway_config, lb_config, run, sanitized, section
from test_rate_limit import TRUSTED, by_result, dropped, hammer, limit, limit_status, of, route, statuses

TIMEOUT = "2s" if sanitized() else "500ms"  # of calls that are to succeed, on a machine that is busy


def redis_section(server, **keys):
    return section("[redis.main]", **{"address": getattr(server, "address", server), "timeout": TIMEOUT, **keys})


def shared(name="few", **keys):
    return limit(name, scope="redis:main", **keys)


@pytest.fixture
def redis(tmp_path, keep):
    """redis(…) -> a RedisServer"""
    return lambda **more: keep(RedisServer(tmp_path / f"redis-{len(list(tmp_path.glob('redis-*')))}", **more))


def state(program):
    return json.loads(program.admin("/status")[2])["redis"][0]


def until(program, word):
    wait_until(lambda: state(program)["state"] == word, what=f"Redis {word}")


def outages(program):
    return program.metric("gateway_redis_outages_total", redis="main")


def test_two_gateways_have_one_limit_together(gateway, origin, redis):
    server = redis()
    routes = redis_section(server) + shared(rate="60/h", burst=4, quota="100/day") + route()
    first, second = gateway([origin], routes=routes), gateway([origin], routes=routes)
    answers = [get(program.port()) for program in (first, second, first, second, first, second)]
    assert [a.status for a in answers] == [200] * 4 + [429] * 2
    told = [dropped(a.header("RateLimit")) for a in answers]
    assert [t["few"]["r"] for t in told] == [3, 2, 1, 0, 0, 0]
    assert [t["few-quota"]["r"] for t in told] == [99, 98, 97, 96, 96, 96]
    assert answers[0].header("RateLimit-Policy") == '"few";q=60;w=3600, "few-quota";q=100;w=86400'
    assert 50 <= told[4]["few"]["t"] <= 60 and answers[4].header("Retry-After") == str(told[4]["few"]["t"])
    assert first.access_log(1, status=429)[0]["limit"] == "few"
    assert by_result(first) == {"allowed": 2, "limited": 1, "reported": 0}
    assert limit_status(first)["scope"] == "redis:main"
    assert (state(first)["state"], state(first)["outages"], state(first)["last_error"]) == ("up", 0, None)
    assert state(first)["address"] == server.address and first.metric("gateway_redis_up", redis="main") == 1
    client = server.client()
    assert sorted(client.keys()) == [b"gateway:few:ip=127.0.0.1", b"gateway:few:ip=127.0.0.1:quota"]
    assert 3 * 60_000 < client.pttl("gateway:few:ip=127.0.0.1") <= 4 * 60_000  # gone by itself as soon as it says nothing


def test_a_request_is_one_call(gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server) + shared() + shared("all", key="global", burst=50) + route("few", "all"))
    until(program, "up")

    def calls():
        stats = server.client().info("commandstats")
        return stats.get("cmdstat_evalsha", {}).get("calls", 0) + stats.get("cmdstat_eval", {}).get("calls", 0)
    before = calls()
    assert statuses(program, 10) == [200, 200] + [429] * 8
    assert calls() - before == 10


@pytest.mark.parametrize("count", [1, 2], ids=["one gateway", "two gateways"])
def test_a_thousand_at_once_are_one_burst_over_all_instances(count, gateway, origin, redis):
    routes = redis_section(redis(), timeout="10s") + shared(rate="1/h", burst=50) + route()
    programs = [gateway([origin], workers=2, routes=routes) for _ in range(count)]
    seen = hammer([p.port() for p in programs], 25, 40)
    assert (seen.count(200), seen.count(429)) == (50, 950)


def test_limits_of_a_phase_are_charged_all_or_none_wherever_they_are_kept(gateway, origin, redis):
    program = gateway([origin], routes=redis_section(redis()) + limit("here", burst=5) + shared("there", key="global", burst=2)
                      + shared("beside", burst=9) + route("there", "here", "beside"))
    assert statuses(program, 5) == [200, 200, 429, 429, 429]
    last = dropped(get(program.port()).header("RateLimit"))
    assert {name: item["r"] for name, item in last.items()} == {"here": 3, "there": 0, "beside": 7}
    assert by_result(program, "here") == {"allowed": 2, "limited": 0, "reported": 0}


def test_what_clients_send_cannot_become_anything_else(gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server, prefix="p:") + shared(key=["header:X-Tenant", "param:id"], burst=1)
                      + route(match="/users/{id}"))
    for tenant, user in (("a\t*1$3FLUSHALL", "x"), ("b", "a%0d%0aFLUSHALL"), ("b", "a,header=b"), ("c" * 8000, "y" * 500)):
        headers = f"X-Tenant: {tenant}\r\n"
        assert statuses(program, 2, f"/users/{user}", headers) in ([200, 429], [400, 400])
    keys = [key.decode() for key in server.client().keys()]
    assert len(keys) >= 2 and all(re.fullmatch(r"p:few:header=#[0-9a-f]{32},param=(#[0-9a-f]{32}|[\w.@-]{1,64})", k) for k in keys)


def test_an_api_key_as_a_limits_key_is_not_told_to_redis(gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server) + shared(key="header:X-Api-Key") + route())
    assert get(program.port(), headers="X-Api-Key: very-secret\r\n").status == 200
    assert "very-secret" not in str(server.client().keys())


def test_scripts_that_are_lost_are_sent_again(gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server) + shared(burst=4) + route())
    assert statuses(program, 2) == [200, 200]
    server.client().script_flush()
    assert statuses(program, 3) == [200, 200, 429]
    assert outages(program) == 0


def test_with_a_password_and_a_user_of_the_acl_in_another_database(gateway, origin, redis):
    server = redis(requirepass="root-secret")
    server.client().execute_command("ACL", "SETUSER", "gw", "on", ">gw-secret", "~gw:*", "+@all", "-@admin")
    routes = shared(burst=1) + route()
    named = gateway([origin], routes=redis_section(server, username="gw", password="gw-secret", database=3, prefix="gw:") + routes)
    assert statuses(named, 2) == [200, 429]
    assert server.client(db=3).keys() == [b"gw:few:ip=127.0.0.1"]
    alone = gateway([origin], routes=redis_section(server, password="root-secret") + routes)
    assert statuses(alone, 2) == [200, 429]
    dump = run("gateway", "dump", "-c", alone.config)
    assert dump.returncode == 0 and "root-secret" not in dump.stdout and "********" in dump.stdout
    wrong = gateway([origin], routes=redis_section(server, password="wrong-secret") + routes)
    assert get(wrong.port()).status == 200  # as good as out: this gateway counts for itself
    until(wrong, "down")
    assert "WRONGPASS" in state(wrong)["last_error"] and "wrong-secret" not in wrong.stderr + str(state(wrong))


def test_by_tls_with_its_certificate_verified(gateway, origin, redis, tmp_path):
    authority = Authority(tmp_path / "ca")
    server = redis(tls=(authority.file, *authority.issue("redis.test", addresses=["127.0.0.1"])))
    routes = shared(burst=1) + route()
    program = gateway([origin], routes=redis_section(server, tls={"verify": str(authority.file)}) + routes)
    assert statuses(program, 2) == [200, 429]
    assert server.client().keys() == [b"gateway:few:ip=127.0.0.1"]
    text = program.config.read_text()
    program.reload(text.replace('timeout = "5s"', 'timeout = "6s"', 1))
    assert statuses(program, 1) == [429]
    stranger = gateway([origin], routes=redis_section(
        server, tls={"verify": str(Authority(tmp_path / "other").file)}) + routes)
    assert get(stranger.port()).status == 200
    until(stranger, "down")
    plain = gateway([origin], routes=redis_section(server) + routes)
    assert get(plain.port()).status == 200
    until(plain, "down")


@pytest.mark.parametrize("choice, expected", [
    ("instance", [200, 200, 429, 429]), ("allow", [200, 200, 200, 200]), ("deny", [429, 429, 429, 429])])
def test_down_at_start_the_configured_choice_happens_and_the_limit_is_shared_once_it_is_there(
        choice, expected, gateway, origin, redis):
    server = redis(start=False)
    program = gateway([origin], workers=2, routes=redis_section(server) + shared(burst=2, if_unavailable=choice) + route())
    until(program, "down")
    answers = [get(program.port()) for _ in range(4)]
    assert [a.status for a in answers] == expected
    for answer in answers:
        if answer.status == 429:
            assert int(answer.header("Retry-After")) >= 1 and b'"reason":"rate_limited"' in answer.body
    counted = by_result(program)
    unavailable = program.metric("gateway_rate_limit_total", limit="few", result="unavailable")
    assert (unavailable == 4 and not any(counted.values())) if choice != "instance" else (
        unavailable == 0 and counted == {"allowed": 2, "limited": 2, "reported": 0})
    server.start()
    began = time.monotonic()
    until(program, "up")
    assert time.monotonic() - began < (10 if sanitized() else 2)
    assert statuses(program, 3) == [200, 200, 429]
    assert server.client().keys() == [b"gateway:few:ip=127.0.0.1"]
    assert outages(program) == 1
    assert len(re.findall(r'redis "main" does not answer', program.stderr)) == 1
    assert len(re.findall(r'redis "main" answers again', program.stderr)) == 1


def test_each_of_the_instances_takes_its_part_while_redis_is_out(gateway, origin):
    program = gateway([origin], routes=redis_section("127.0.0.1:1") + shared(
        rate="3600/h", burst=1, quota="10/day", instances=4) + route())
    answer = get(program.port())
    assert answer.header("RateLimit-Policy") == '"few";q=3600;w=14400, "few-quota";q=3;w=86400'
    assert dropped(get(program.port()).header("RateLimit"))["few"]["t"] in (3, 4)


def test_killed_under_way_and_back(gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server) + shared(burst=3) + route())
    assert statuses(program, 4) == [200, 200, 200, 429]
    server.kill()
    assert statuses(program, 4) == [200, 200, 200, 429]  # by itself
    until(program, "down")
    server.start()
    began = time.monotonic()
    until(program, "up")
    assert time.monotonic() - began < (10 if sanitized() else 2)
    assert statuses(program, 4) == [200, 200, 200, 429]  # Redis has forgotten
    assert outages(program) == 1


def test_quotas_survive_restarts_of_both(gateway, start, origin, redis):
    server = redis(persistent=True)
    config = gateway_config([origin.address], routes=redis_section(server) + shared(rate=None, burst=None, quota="3/month") + route())
    program = start("gateway", config)
    assert statuses(program, 2) == [200, 200]
    program.stop()
    server.kill()
    server.start()
    assert statuses(start("gateway", config), 2) == [200, 429]


def test_a_redis_that_hangs_costs_one_wait_and_no_pile_up(gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server, timeout="100ms") + shared(rate="1000/s", burst=1000) + route())
    until(program, "up")
    assert get(program.port()).status == 200
    server.suspend()
    began = time.monotonic()
    assert statuses(program, 200) == [200] * 200
    assert time.monotonic() - began < 10  # 200 waits would be 20 s
    until(program, "down")
    wait_until(lambda: "not answered" in state(program)["last_error"] or "no answer" in state(program)["last_error"])
    server.resume()
    began = time.monotonic()
    until(program, "up")
    assert time.monotonic() - began < (10 if sanitized() else 2)
    assert statuses(program, 5) == [200] * 5
    assert outages(program) == 1


def test_a_short_stall_loses_no_connection(gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server, timeout="50ms") + shared(burst=50) + route())
    until(program, "up")
    accepted = server.client().info("stats")["total_connections_received"]
    server.suspend()
    assert get(program.port()).status == 200
    until(program, "down")
    server.resume()
    until(program, "up")
    assert server.client().info("stats")["total_connections_received"] - accepted <= 2  # these questions are connections too


@pytest.mark.parametrize("what", ["garbage", "silence", "end", "too long"])
def test_something_else_than_redis_is_an_outage(what, gateway, origin, keep):
    def behaviour(connection):
        if what == "end":
            return
        connection.read()
        if what == "garbage":
            connection.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        if what == "too long":
            try:
                while True:
                    connection.socket.sendall(b"$536870912\r\n" + b"x" * 65536)
            except OSError:
                return
        connection.read_all()
    program = gateway([origin], routes=redis_section(keep(Origin(behaviour)), timeout="100ms") + shared() + route())
    assert statuses(program, 3) == [200, 200, 429]
    until(program, "down")
    assert get(program.port()).status == 429
    assert program.resident_kib() < (10**7 if sanitized() else 200_000)


@pytest.mark.parametrize("how, reason", [
    (["CONFIG", "SET", "maxmemory", "1"], "OOM"), (["REPLICAOF", "127.0.0.1", "1"], "READONLY")])
def test_a_redis_that_cannot_write_is_an_outage(how, reason, gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server) + shared() + route())
    assert get(program.port()).status == 200
    server.client().execute_command(*how)
    assert statuses(program, 3) == [200, 200, 429]
    until(program, "down")
    assert reason in state(program)["last_error"]
    undo = ["CONFIG", "SET", "maxmemory", "0"] if reason == "OOM" else ["REPLICAOF", "NO", "ONE"]
    server.client().execute_command(*undo)
    until(program, "up")
    assert outages(program) == 1


def test_a_key_that_is_something_else_is_one_callers_trouble_and_no_outage(gateway, origin, redis):
    server = redis()
    program = gateway([origin], listener=TRUSTED, routes=redis_section(server) + shared(burst=1) + route())
    server.client().lpush("gateway:few:ip=192.0.2.1", "x")
    assert statuses(program, 2, headers=of("192.0.2.1")) == [200, 429]
    assert statuses(program, 2, headers=of("192.0.2.2")) == [200, 429]
    server.client().set("gateway:few:ip=192.0.2.3", "no number")
    assert statuses(program, 2, headers=of("192.0.2.3")) == [200, 429]
    assert outages(program) == 0 and "WRONGTYPE" in program.stderr


def test_a_clock_of_redis_that_is_set_back_refuses_nobody_for_long(gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server) + shared(rate="10/s", burst=2) + route())
    ahead = time.time() + 3600  # as if its clock had been an hour ahead
    server.client().set("gateway:few:ip=127.0.0.1", f"{ahead * 1e6:.2f}")
    wait_until(lambda: get(program.port()).status == 200, what="the rate again")


def test_a_reload_to_another_redis_and_to_none(gateway, origin, redis):
    first, second = redis(), redis()
    program = gateway([origin], workers=2, routes=redis_section(first) + shared(burst=2) + route())
    assert statuses(program, 3) == [200, 200, 429]
    text = program.config.read_text()
    program.reload(text.replace(first.address, second.address))
    assert statuses(program, 3) == [200, 200, 429]
    assert second.client().keys() == [b"gateway:few:ip=127.0.0.1"]
    program.reload(gateway_config([origin.address], workers=2, routes=limit(burst=1) + route()))
    assert statuses(program, 2) == [200, 429]
    assert json.loads(program.admin("/status")[2])["redis"] == []
    wait_until(lambda: len(second.client().client_list()) == 1, what="the connections gone")


def test_a_client_that_leaves_while_redis_is_asked_is_forgotten(gateway, origin, redis):
    server = redis()
    program = gateway([origin], routes=redis_section(server, timeout="10s") + shared(burst=100) + route())
    assert get(program.port()).status == 200
    server.suspend()
    leaving = [Client(program.port()).send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(5)]
    staying = Client(program.port()).send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    for client in leaving:
        client.reset()
    program.access_log(5, reason="client_closed")
    server.resume()
    assert staying.answer().status == 200
    staying.close()
    assert get(program.port()).status == 200 and outages(program) == 0, program.stderr


def test_through_lb_two_gateways_count_as_one(lb, gateway, origin, redis):
    routes = redis_section(redis(), timeout="10s") + shared(rate="1/h", burst=30) + route()
    trusting = {"proxy_protocol_from": ["127.0.0.1/32"]}
    gateways = [gateway([origin], listener=trusting, routes=routes) for _ in range(2)]
    front = lb([f"127.0.0.1:{g.port()}" for g in gateways], upstream={"proxy_protocol": "v2"})
    seen = hammer([front.port()], 10, 20)
    assert (seen.count(200), seen.count(429)) == (30, 170)
    assert all(by_result(g)["allowed"] > 0 for g in gateways)


def test_a_trace_shows_what_redis_took(gateway, origin, redis):
    from origins import HttpOrigin
    collector = HttpOrigin()
    program = gateway([origin], routes=section("[trace]", endpoint=f"http://{collector.address}", sample="100%", interval="10ms")
                      + redis_section(redis()) + shared() + route())
    assert statuses(program, 3) == [200, 200, 429]
    wait_until(lambda: any(b'"limit main"' in r.body for r in collector.requests), what="a span of Redis")
