"""Limits of one gateway: whom they count together, what they let through, what answers tell of them."""
import json
import re
import threading
import time

import jwt
import pytest

from issuer import AUDIENCE, ISSUER, SECRET
from origins import HttpOrigin
from raw import Client, ask, get, wait_until
from tandem import gateway_config, section
from test_api_key import ACME, OTHER, PARTNERS, key, provider

TRUSTED = {"trusted_proxies": ["127.0.0.1/32"]}


def limit(name="few", **keys):
    return section(f"[rate_limit.{name}]", **{"key": "ip", "rate": "2/h", "burst": 2, **keys})


def route(*limits, match="/{rest...}", name="all", **keys):
    return section("[[route]]", name=name, match=match, to="service", rate_limit=list(limits or ["few"]), **keys)


def of(address):
    return f"X-Forwarded-For: {address}\r\n"


def statuses(program, count, target="/", headers=""):
    return [get(program.port(), target, headers).status for _ in range(count)]


def by_result(program, name="few"):
    return {result: program.metric("gateway_rate_limit_total", limit=name, result=result)
            for result in ("allowed", "limited", "reported")}


def limit_status(program, name="few"):
    return {one["name"]: one for one in json.loads(program.admin("/status")[2])["limits"]}[name]


def dropped(text):
    """A list of structured items with integer parameters, as a mapping of mappings."""
    return {name: dict((k, int(v)) for k, v in re.findall(r";(\w+)=(\d+)", rest))
            for name, rest in re.findall(r'"([\w-]+)"([^,]*)', text)}


def test_beyond_the_burst_the_answer_is_429_and_says_when_to_come_again(gateway, origin):
    program = gateway([origin], routes=limit(rate="60/min") + route())
    with Client(program.port()) as client:
        answers = [client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").answer() for _ in range(3)]
    assert [a.status for a in answers] == [200, 200, 429]
    assert [dropped(a.header("RateLimit"))["few"]["r"] for a in answers] == [1, 0, 0]
    assert all(a.header("RateLimit-Policy") == '"few";q=60;w=60' for a in answers)
    refused = answers[2]
    assert refused.header("Retry-After") == "1" and dropped(refused.header("RateLimit"))["few"]["t"] == 1
    assert refused.header("Content-Type") == "application/problem+json"
    problem = json.loads(refused.body)
    assert (problem["status"], problem["reason"]) == (429, "rate_limited")
    assert refused.header("X-RateLimit-Limit") is None
    line = program.access_log(1, status=429)[0]
    assert (line["limit"], line["reason"], line["upstream"], line["attempts"]) == ("few", "rate_limited", None, 0)
    assert program.access_log(2, status=200)[0].get("limit") is None
    assert by_result(program) == {"allowed": 2, "limited": 1, "reported": 0}
    shown = limit_status(program)
    assert (shown["key"], shown["tiers"]) == (["ip"], [{"tier": "default", "rate": "60/min", "burst": 2}])
    assert (shown["allowed"], shown["limited"], shown["keys"]) == (2, 1, 1)


def test_what_has_been_waited_for_comes_again(gateway, origin):
    program = gateway([origin], routes=limit(rate="10/s", burst=1) + route())
    assert get(program.port()).status == 200
    refused = [at for at in range(200) if get(program.port()).status == 429]
    wait_until(lambda: get(program.port()).status == 200, what="a tenth of a second")
    assert refused


def test_each_address_has_its_own_and_ipv6_clients_their_64(gateway, origin):
    program = gateway([origin], listener=TRUSTED, routes=limit() + route())
    assert statuses(program, 3, headers=of("192.0.2.1")) == [200, 200, 429]
    assert statuses(program, 3, headers=of("192.0.2.2")) == [200, 200, 429]
    assert [get(program.port(), headers=of(f"2001:db8:0:1::{n}")).status for n in (1, 2, 3)] == [200, 200, 429]
    assert get(program.port(), headers=of("2001:db8:0:2::1")).status == 200
    assert get(program.port(), headers=of("::ffff:192.0.2.1")).status == 429  # the same as 192.0.2.1


def test_who_is_not_a_trusted_proxy_cannot_choose_an_address(gateway, origin):
    program = gateway([origin], routes=limit() + route())
    assert [get(program.port(), headers=of(f"192.0.2.{n}")).status for n in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("targets, together", [
    (["/login", "//login", "/%6cogin", "/login?x=1", "/./login"], True),
    (["/login", "/other", "/login/"], False)])
def test_the_route_is_counted_and_not_its_spelling(targets, together, gateway, origin):
    program = gateway([origin], routes=limit(key="route", burst=len(targets) - 1) + route(match="/login", name="login")
                      + route(name="rest"))
    answers = [get(program.port(), target).status for target in targets]
    assert answers == [200] * (len(targets) - 1) + [429 if together else 200]


def test_a_header_is_counted_by_its_value_and_the_address_stands_in(gateway, origin):
    program = gateway([origin], listener=TRUSTED, routes=limit(key="header:X-Tenant", burst=1) + route())

    def tenant(*fields):
        return get(program.port(), headers="".join(f"{f}\r\n" for f in fields)).status
    assert (tenant("X-Tenant: a"), tenant("x-TENANT:   a "), tenant("X-Tenant: b")) == (200, 429, 200)
    assert (tenant("X-Tenant: a", "X-Tenant: b"), tenant("X-Tenant: a, b")) == (200, 429)
    assert (tenant("X-Forwarded-For: 192.0.2.1"), tenant("X-Forwarded-For: 192.0.2.1")) == (200, 429)
    assert tenant("X-Forwarded-For: 192.0.2.2") == 200


def test_a_parameter_is_counted_decoded(gateway, origin):
    program = gateway([origin], routes=limit(key="param:id", burst=1) + route(match="/users/{id}"))
    assert [get(program.port(), f"/users/{name}").status for name in ("ann", "%61nn", "bob", "b%20b", "b%20b")] == [
        200, 429, 200, 200, 429]


def test_a_list_of_keys_combines_them(gateway, origin):
    program = gateway([origin], listener=TRUSTED, routes=limit(key=["ip", "route"], burst=1) + route(match="/a", name="a")
                      + route(match="/b", name="b"))
    seen = [get(program.port(), target, of(address)).status
            for target, address in (("/a", "192.0.2.1"), ("/a", "192.0.2.1"), ("/b", "192.0.2.1"), ("/a", "192.0.2.2"))]
    assert seen == [200, 429, 200, 200]


def test_global_is_one_for_all_routes_that_use_it(gateway, origin):
    program = gateway([origin], listener=TRUSTED, routes=limit(key="global") + route(match="/a", name="a")
                      + route(match="/b", name="b") + section("[[route]]", match="/free", to="service"))
    assert get(program.port(), "/a", of("192.0.2.1")).status == 200
    assert get(program.port(), "/b", of("192.0.2.2")).status == 200
    assert get(program.port(), "/a", of("192.0.2.3")).status == 429
    assert get(program.port(), "/free").status == 200


def test_a_caller_is_who_was_authenticated_wherever_he_calls_from(gateway, origin):
    program = gateway([origin], listener=TRUSTED, files={"partners.toml": PARTNERS}, defaults={"public": False},
                      routes=limit(key="caller") + provider() + route(auth=["partners"], optional=True))
    assert [get(program.port(), headers=key(ACME) + of(f"192.0.2.{n}")).status for n in range(3)] == [200, 200, 429]
    assert statuses(program, 3, headers=key(OTHER)) == [200, 200, 429]
    assert statuses(program, 3, headers=of("192.0.2.9")) == [200, 200, 429]  # nobody: the address


def test_limits_by_address_come_before_auth_and_those_by_caller_behind_it(gateway, origin):
    program = gateway([origin], files={"partners.toml": PARTNERS}, defaults={"public": False},
                      routes=limit("door", key="ip", burst=3) + limit("desk", key="caller", burst=1) + provider()
                      + route("desk", "door", auth=["partners"]))
    wrong = get(program.port(), headers=key("wrong"))
    assert wrong.status == 401 and set(dropped(wrong.header("RateLimit"))) == {"door"}
    answer = get(program.port(), headers=key(ACME))
    assert answer.status == 200
    assert {name: item["r"] for name, item in dropped(answer.header("RateLimit")).items()} == {"door": 1, "desk": 0}
    assert get(program.port(), headers=key(ACME)).status == 429
    assert program.access_log(1, status=429)[0]["limit"] == "desk"
    refused = get(program.port(), headers=key("wrong"))
    assert refused.status == 429 and set(dropped(refused.header("RateLimit"))) == {"door"}  # nobody looked at the key
    assert program.access_log(2, status=429)[1]["limit"] == "door"


def test_a_phase_charges_all_of_its_limits_or_none(gateway, origin):
    program = gateway([origin], listener=TRUSTED, routes=limit("each", key="ip", burst=5) + limit("all", key="global", burst=2)
                      + route("each", "all"))
    assert statuses(program, 5, headers=of("192.0.2.1")) == [200, 200, 429, 429, 429]
    assert by_result(program, "each") == {"allowed": 2, "limited": 0, "reported": 0}
    assert by_result(program, "all") == {"allowed": 2, "limited": 3, "reported": 0}
    last = dropped(get(program.port(), headers=of("192.0.2.1")).header("RateLimit"))
    assert (last["each"]["r"], last["all"]["r"]) == (3, 0)


def test_refused_credentials_are_limited_with_the_same_fields(gateway, origin):
    program = gateway([origin], files={"partners.toml": PARTNERS}, defaults={"public": False},
                      routes=provider(auth_failures="1/h") + section("[[route]]", match="/{rest...}", to="service",
                                                                     auth=["partners"]))
    assert get(program.port(), headers=key("wrong")).status == 401
    answer = get(program.port(), headers=key("wrong"))
    assert answer.status == 429 and 3590 <= int(answer.header("Retry-After")) <= 3600
    assert answer.header("RateLimit-Policy") == '"partners-failures";q=1;w=3600'
    assert dropped(answer.header("RateLimit"))["partners-failures"] == {"r": 0, "t": int(answer.header("Retry-After"))}


def token(**claims):
    now = int(time.time())
    return "Authorization: Bearer " + jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, **claims},
                                                 SECRET, "HS256") + "\r\n"


PEOPLE = section("[auth.people]", kind="jwt", issuer=ISSUER, audience=[AUDIENCE], secret=SECRET, algorithms=["HS256"])


def test_tiers_by_a_claim(gateway, origin):
    program = gateway([origin], defaults={"public": False}, routes=PEOPLE + route(auth=["people"]) + limit(
        key="caller", tier="claim:tier", rate={"default": "2/h", "gold": "4/h", "staff": "none"},
        burst={"default": 2, "gold": 4}))
    for tier, allowed in (("gold", 4), ("silver", 2), (None, 2)):
        claims = {"sub": f"of-{tier}"} | ({"tier": tier} if tier else {})
        assert statuses(program, 5, headers=token(**claims)) == [200] * allowed + [429] * (5 - allowed), tier
    staff = get(program.port(), headers=token(sub="s", tier="staff"))
    assert staff.status == 200 and staff.header("RateLimit") is None
    assert statuses(program, 20, headers=token(sub="s", tier="staff")) == [200] * 20


def test_tiers_by_the_plan_of_a_consumer(gateway, origin):
    program = gateway([origin], files={"partners.toml": PARTNERS}, defaults={"public": False}, routes=provider() + route(
        auth=["partners"]) + limit(key="caller", tier="plan", rate=None, burst=None,
                                   quota={"default": "1/day", "gold": "3/day"}))
    assert statuses(program, 4, headers=key(ACME)) == [200, 200, 200, 429]  # gold
    assert statuses(program, 2, headers=key(OTHER)) == [200, 429]


def test_claims_tell_tenants_apart_and_the_address_stands_in_for_a_missing_one(gateway, origin):
    program = gateway([origin], defaults={"public": False},
                      routes=PEOPLE + limit(key="claim:tenant", burst=1) + route(auth=["people"]))
    seen = [get(program.port(), headers=token(**claims)).status for claims in (
        {"sub": "a", "tenant": "x"}, {"sub": "b", "tenant": "x"}, {"sub": "a", "tenant": "y"}, {"sub": "a"}, {"sub": "b"})]
    assert seen == [200, 429, 200, 200, 429]


def test_a_cost_is_charged_per_route(gateway, origin):
    program = gateway([origin], routes=limit(burst=5) + route({"use": "few", "cost": 4}, match="/dear", name="dear")
                      + route(match="/cheap", name="cheap"))
    assert get(program.port(), "/dear").status == 200
    assert get(program.port(), "/dear").status == 429
    assert statuses(program, 2, "/cheap") == [200, 429]


def test_a_quota_is_told_beside_the_rate(gateway, origin):
    program = gateway([origin], routes=limit(rate="100/s", burst=100, quota="2/day", headers="both") + route())
    answer = get(program.port())
    assert answer.header("RateLimit-Policy") == '"few";q=100;w=1, "few-quota";q=2;w=86400'
    told = dropped(answer.header("RateLimit"))
    assert told["few"]["r"] == 99 and told["few-quota"]["r"] == 1 and 0 < told["few-quota"]["t"] <= 86400
    assert (answer.header("X-RateLimit-Limit"), answer.header("X-RateLimit-Remaining")) == ("2", "1")
    assert get(program.port()).status in (200, 429)  # midnight may have passed
    wait_until(lambda: get(program.port()).status == 429, what="the quota used up")
    refused = get(program.port())
    until_midnight = 86400 - time.time() % 86400
    assert abs(int(refused.header("Retry-After")) - until_midnight) < 20
    assert refused.header("X-RateLimit-Reset") == refused.header("Retry-After")


def test_no_fields_where_the_file_wants_none(gateway, origin):
    program = gateway([origin], routes=limit(headers="off", burst=1) + route())
    answers = [get(program.port()), get(program.port())]
    assert [a.status for a in answers] == [200, 429] and answers[1].header("Retry-After")
    assert all(a.header("RateLimit") is None and a.header("RateLimit-Policy") is None for a in answers)


def test_a_limit_that_only_reports_lets_everything_through_and_says_so(gateway, origin):
    program = gateway([origin], routes=limit(burst=1) + limit("other", burst=3)
                      + route({"use": "few", "mode": "report"}, "other"))
    answers = [get(program.port()) for _ in range(4)]
    assert [a.status for a in answers] == [200, 200, 200, 429]
    assert set(dropped(answers[0].header("RateLimit"))) == {"other"}
    assert by_result(program) == {"allowed": 1, "limited": 0, "reported": 3}
    assert [line["limit"] for line in program.access_log(4)] == [None, "few", "few", "other"]
    assert 'would have been refused by limit "few"' in program.stderr


def test_limits_come_before_the_cache(gateway):
    from origins import response
    service = HttpOrigin(lambda request: response(b"x", headers="Cache-Control: max-age=60\r\n"))
    program = gateway([service], routes=section("[cache.shared]") + limit() + route(cache="shared"))
    assert statuses(program, 3) == [200, 200, 429]
    assert len(service.requests) == 1


def test_errors_of_the_gateway_tell_of_limits_too(gateway, keep):
    from origins import RefusingPort
    program = gateway([keep(RefusingPort())], routes=limit() + route())
    answer = get(program.port())
    assert answer.status == 502 and dropped(answer.header("RateLimit"))["few"]["r"] == 1


def test_routes_inherit_limits_and_may_drop_them(gateway, origin):
    program = gateway([origin], defaults={"rate_limit": ["few"]}, routes=limit(burst=1)
                      + section("[[route]]", match="/in", to="service")
                      + section("[[route]]", match="/out", to="service", rate_limit=[]))
    assert statuses(program, 2, "/in") == [200, 429]
    assert statuses(program, 3, "/out") == [200] * 3


def hammer(ports, requests, clients, headers=""):
    """Statuses of so many requests, by so many connections at once."""
    seen, lock, start = [], threading.Lock(), threading.Barrier(clients)

    def run(number):
        with Client(ports[number % len(ports)]) as client:
            start.wait()
            mine = [client.send(f"GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n").answer().status for _ in range(requests)]
        with lock:
            seen.extend(mine)
    threads = [threading.Thread(target=run, args=(n,)) for n in range(clients)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return seen


def test_a_thousand_at_once_are_one_burst_over_all_workers(gateway, origin):
    program = gateway([origin], workers=2, routes=limit(rate="1/h", burst=50) + route())
    seen = hammer([program.port()], 25, 40)
    assert (seen.count(200), seen.count(429)) == (50, 950)
    assert by_result(program) == {"allowed": 50, "limited": 950, "reported": 0}


def test_a_reload_forgets_nothing_and_new_rates_hold_at_once(gateway, origin):
    text = limit(rate="1/h", burst=3) + route()
    program = gateway([origin], routes=text)
    assert statuses(program, 2) == [200, 200]
    program.reload(program.config.read_text().replace('timeout = "5s"', 'timeout = "6s"', 1))
    assert statuses(program, 2) == [200, 429]
    program.reload(program.config.read_text().replace('rate = "1/h"', 'rate = "100/s"').replace("burst = 3", "burst = 2"))
    wait_until(lambda: get(program.port()).status == 200, what="the new rate")
    assert limit_status(program)["tiers"] == [{"tier": "default", "rate": "100/s", "burst": 2}]


def test_a_flood_of_keys_is_bounded_and_resets_nobody(gateway, origin):
    program = gateway([origin], routes=limit(key="header:X-Tenant", rate="1/h", burst=5, max_keys=1000) + route())
    assert statuses(program, 6, headers="X-Tenant: busy\r\n") == [200] * 5 + [429]
    with Client(program.port()) as client:
        for batch in range(100):
            client.send("".join(f"GET / HTTP/1.1\r\nHost: x\r\nX-Tenant: {batch}-{n}\r\n\r\n" for n in range(100)))
            assert {client.answer().status for _ in range(100)} == {200}
    assert statuses(program, 1, headers="X-Tenant: busy\r\n") == [429]
    assert limit_status(program)["keys"] <= 2048
