"""Keys that come over the network: fetched from their URL or found from the issuer, kept while the issuer is of no use,
replaced when it has others, and asked for by nobody's garbage."""
import json
import threading
import time

import jwt
import pytest

from issuer import AUDIENCE, Issuer, claims, new_key
from origins import HttpOrigin, RefusingPort
from raw import get, wait_until
from tandem import BIG, gateway_config, run, section

QUICK = {"refetch": "100ms", "refresh_min": "100ms", "timeout": "2s"}


def provider(issuer, name="people", **keys):
    return section(f"[auth.{name}]", **{"kind": "jwt", "issuer": issuer.issuer, "audience": [AUDIENCE],
                                        "auth_failures": "none", **keys})


def by_url(issuer, **keys):
    return provider(issuer, jwks={"url": f"{issuer.url}/jwks.json", **QUICK, **keys})


def route(auth="people", **keys):
    return section("[[route]]", **{"name": "all", "match": "/{rest...}", "to": "service", "auth": [auth], **keys})


@pytest.fixture
def issuer(keep):
    made = keep(Issuer().origin)
    return made.behaviour.__self__


@pytest.fixture
def front(gateway, keep):
    def make(routes, **more):
        service = HttpOrigin()
        keep(service.origin)
        return gateway([service], defaults={"public": False}, routes=routes, **more), service
    return make


def status(program, token):
    return get(program.port(), headers=f"Authorization: Bearer {token}\r\n").status


def known(program):
    return next(one for one in json.loads(program.admin("/status")[2])["auth"] if one["name"] == "people")


def wait_for_keys(program, count=1):
    wait_until(lambda: len(known(program)["keys"]) == count, what=f"{count} keys")


def test_keys_come_from_a_url_and_from_the_issuer(front, issuer):
    found = provider(issuer, "found")
    program, _ = front(by_url(issuer) + found + route() + route("found", name="found", match="/found"))
    token = issuer.token()
    assert status(program, token) == 200
    assert get(program.port(), "/found", headers=f"Authorization: Bearer {token}\r\n").status == 200
    assert issuer.fetches("/.well-known/openid-configuration") == 1
    of_url = known(program)
    assert of_url["source"] == f"{issuer.url}/jwks.json" and issuer.kid in of_url["keys"][0] and of_url["error"] is None
    assert program.metric("gateway_jwks_fetches_total", provider="found", result="done") == 1


def test_an_issuer_that_is_no_issuer_of_these_tokens_gives_no_keys(front, issuer):
    issuer.fault = "another issuer"
    program, service = front(provider(issuer, jwks=QUICK) + route())
    answer = get(program.port(), headers=f"Authorization: Bearer {issuer.token()}\r\n")
    assert answer.status == 503 and json.loads(answer.body)["reason"] == "auth_unavailable"
    assert int(answer.header("Retry-After")) >= 1 and not service.requests
    wait_until(lambda: "is of another issuer: https://evil.example" in program.stderr, what="the reason")
    issuer.fault = None
    wait_for_keys(program)
    assert status(program, issuer.token()) == 200


@pytest.mark.parametrize("fault,why", [("down", ""), ("html", "JSON"), ("huge", "over 256 KiB"), ("no keys", "no key"),
                                       ("failing", "status 500"), ("redirecting", "redirects are not followed")])
def test_an_issuer_that_is_of_no_use_at_start_means_503_later_that_nothing_changes(front, issuer, fault, why):
    issuer.fault = fault
    program, service = front(by_url(issuer) + route())
    wait_until(lambda: known(program)["error"], what="an error")
    assert why in known(program)["error"]
    assert status(program, issuer.token()) == 503 and status(program, "x") == 401 and not service.requests
    issuer.fault = None
    wait_for_keys(program)
    assert status(program, issuer.token()) == 200
    issuer.fault = fault
    issuer.cache_control = "no-store"
    failed = program.metric("gateway_jwks_fetches_total", result="failed")
    assert status(program, issuer.token(headers={"kid": "unknown"})) == 401  # asks for keys
    wait_until(lambda: program.metric("gateway_jwks_fetches_total", result="failed") > failed, what="a failed fetch")
    assert status(program, issuer.token()) == 200 and len(known(program)["keys"]) == 1
    warnings = lambda: [line for line in list(program.lines) if "cannot be fetched" in line]
    wait_until(lambda: len(warnings()) >= 2, what="two warnings")
    assert len(warnings()) == 2 and "answered 503" in warnings()[0] and "those of before stay" in warnings()[1]


def test_a_refused_connection_and_a_name_that_nobody_knows_are_told(front):
    taken = RefusingPort()
    for url, why in ((f"http://{taken.address}/k", "refused"), ("http://no-such-host.invalid/k", "no-such-host.invalid")):
        program, _ = front(section("[auth.people]", kind="jwt", issuer="https://x", jwks={"url": url, **QUICK}) + route())
        wait_until(lambda: known(program)["error"], what="an error")
        assert why in known(program)["error"]
    taken.close()


def test_a_slow_issuer_delays_nobody_who_is_known_and_is_given_up(front, issuer):
    program, _ = front(by_url(issuer, timeout="1s", refresh_max="100ms") + route())
    token = issuer.token()
    assert status(program, token) == 200
    issuer.fault = "slow"
    fetches = issuer.fetches()
    wait_until(lambda: issuer.fetches() > fetches, what="a fetch that is held")
    assert status(program, token) == 200 and status(program, issuer.token(sub="bob")) == 200
    wait_until(lambda: known(program)["error"], what="the timeout")
    assert "in time" in known(program)["error"] and status(program, token) == 200
    issuer.fault = None


def test_cache_control_says_when_to_come_again_within_bounds(front, issuer):
    issuer.cache_control = "public, max-age=0"
    program, _ = front(by_url(issuer) + route())
    wait_until(lambda: issuer.fetches() >= 3, what="fetches again and again")
    issuer.cache_control = "max-age=86400"
    wait_until(lambda: known(program)["error"] is None, what="good keys")
    program.reload(program.config.read_text().replace('refresh_min = "100ms"', 'refresh_min = "1h"'))
    assert status(program, issuer.token()) == 200


def test_rotation_under_load_refuses_no_valid_request(front, issuer):
    program, _ = front(by_url(issuer, refetch="50ms") + route(), workers=2)
    wait_for_keys(program)
    statuses, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            token = issuer.token(sub=f"user-{len(statuses) % 7}")
            statuses.append(status(program, token))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    rotations, between = (20, 500) if BIG else (5, 20)
    for _ in range(rotations):
        before = len(statuses)
        wait_until(lambda: len(statuses) > before + between, what="requests")
        issuer.rotate(keep=1)
    before = len(statuses)
    wait_until(lambda: len(statuses) > before + between, what="requests")
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}


def test_a_new_kind_of_key_is_fetched_for_a_token_that_names_none(front, issuer):
    program, _ = front(provider(issuer, jwks={"url": f"{issuer.url}/jwks.json", **QUICK}, algorithms=["ES256", "RS256"]) + route())
    assert status(program, issuer.token()) == 200
    issuer.current = {"another": new_key("RS256")}
    token = jwt.encode(claims(iss=issuer.issuer), issuer.current["another"], "RS256")
    wait_until(lambda: status(program, token) == 200, what="the new key")


def test_a_key_that_is_withdrawn_opens_nothing_any_more_not_even_to_who_is_remembered(front, issuer):
    program, _ = front(by_url(issuer) + route())
    old = issuer.token()
    assert status(program, old) == 200 and status(program, old) == 200
    issuer.rotate()
    assert status(program, issuer.token()) == 200  # asks for the new key
    assert status(program, old) == 401


def test_a_flood_of_unknown_keys_is_one_fetch_an_interval_and_holds_up_nobody_else(front, issuer):
    program, service = front(by_url(issuer, refetch="500ms", refresh_min="1h") + route(), workers=2)
    wait_for_keys(program)
    good = issuer.token()
    assert status(program, good) == 200
    served, fetches, begun = len(service.requests), issuer.fetches(), time.monotonic()
    garbage = [issuer.token(headers={"kid": f"garbage-{i}"}) for i in range(50)]
    count = 200 if BIG else 4
    answers = []

    def flood(token):
        for _ in range(count):
            answers.append(status(program, token))

    threads = [threading.Thread(target=flood, args=(token,)) for token in garbage]
    for thread in threads:
        thread.start()
    assert status(program, good) == 200
    for thread in threads:
        thread.join()
    assert answers == [401] * (50 * count) and len(service.requests) == served + 1
    assert 1 <= issuer.fetches() - fetches <= (time.monotonic() - begun) / 0.5 + 2


def test_keys_survive_a_reload_while_the_issuer_is_down_and_another_url_has_others(front, issuer, keep):
    program, _ = front(by_url(issuer) + route())
    token = issuer.token()
    assert status(program, token) == 200
    issuer.fault = "down"
    text = program.config.read_text()
    program.reload(text.replace('timeout = "2s"', 'timeout = "1900ms"') + "# again\n")
    assert status(program, token) == 200 and len(known(program)["keys"]) == 1
    other = Issuer()
    keep(other.origin)
    other.issuer = issuer.issuer
    program.reload(text.replace(f"{issuer.url}/jwks.json", f"{other.url}/jwks.json"))
    assert status(program, other.token()) == 200 and status(program, token) == 401


def test_keys_survive_an_upgrade_while_the_issuer_is_down(front, issuer):
    program, _ = front(by_url(issuer) + provider(issuer, "found") + route() + route("found", name="found", match="/found"))
    token = issuer.token()

    def found():
        return get(program.port(), "/found", headers=f"Authorization: Bearer {token}\r\n").status

    assert status(program, token) == 200 and found() == 200
    fetched = known(program)["fetched"]
    issuer.fault = "down"
    old = program.upgrade()
    assert status(program, token) == 200 and found() == 200
    wait_until(lambda: known(program)["error"], what="the failed fetch")
    assert len(known(program)["keys"]) == 1 and known(program)["fetched"][:19] == fetched[:19]
    assert "those of before stay" in program.stderr and "whoever calls is answered 503" not in program.stderr
    issuer.fault = None
    issuer.rotate()
    wait_until(lambda: status(program, issuer.token()) == 200, what="the new key")
    assert status(program, token) == 401 and old.wait(20) == 0


def test_tls_to_the_issuer_is_verified(front, keep, authority, tmp_path):
    secure = Issuer(authority.issue("localhost"))
    keep(secure.origin)
    program, _ = front(by_url(secure, verify=str(authority.file)) + route())
    assert status(program, secure.token()) == 200
    wrong_name = Issuer(authority.issue("elsewhere.example"))
    keep(wrong_name.origin)
    for issuer, verify in ((secure, "system"), (wrong_name, str(authority.file))):
        program, _ = front(by_url(issuer, verify=verify) + route())
        assert status(program, issuer.token()) == 503
        assert "certificate" in known(program)["error"]


def test_what_is_wrong_with_a_source_is_said_at_load(tmp_path):
    def check(**keys):
        config = tmp_path / "gateway.toml"
        config.write_text(gateway_config(["127.0.0.1:1"], defaults={"public": False},
                                         routes=section("[auth.people]", kind="jwt", audience=["api"], **keys) + route()))
        return run("gateway", "check", "-c", config)

    for keys, why in (({}, "where the keys are is not said"), ({"issuer": "acme"}, "the keys cannot be found from it"),
                      ({"issuer": "https://x", "jwks": {"url": "ftp://x/k"}}, "is no URL"),
                      ({"issuer": "https://x", "jwks": {"url": "https://a@x/k"}}, "user name"),
                      ({"issuer": "https://x", "jwks": {"url": "https://x/k", "file": "k.json"}}, "stands alone"),
                      ({"issuer": "https://x", "jwks": {"url": "https://x/k", "refresh_min": "2h"}}, "refresh_min"),
                      ({"issuer": "https://x", "jwks": {"url": "https://x/k", "verify": "no.pem"}}, "no.pem"),
                      ({"issuer": "https://x", "algorithms": ["HS256"]}, "need a `secret`"),
                      ({"issuer": "https://x", "jwks": {"uri": "https://x/k"}}, 'did you mean "url"')):
        done = check(**keys)
        assert done.returncode == 2 and why in done.stderr, done.stderr
    done = check(issuer="http://id.example.com")
    assert done.returncode == 0 and "without TLS" in done.stderr
