"""Who gets whose answers, what a stranger can do to a cache, and what an operator can: keys, callers, purging, groups."""
import json
from urllib.parse import quote

import pytest

from cached import Cached, date, is_hit, result, says
from issuer import Keys
from tandem import run, section

ROUTE = {"match": "/{rest...}", "to": "service", "cache": "shared"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Cached(tmp_path_factory.mktemp("gateway"))
    yield made
    made.close()


def purge(shop, name="shared", **by):
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in by.items())
    status, _, body = shop.program.admin(f"/cache/{name}?{query}", method="DELETE")
    return status, json.loads(body)


# ---- callers

KEYS = Keys()
PEOPLE = section("[auth.people]", kind="jwt", issuer="https://id.example.com", audience=["api"], jwks={"file": "keys.json"}, auth_failures="none")


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    folder = tmp_path_factory.mktemp("members")
    (folder / "keys.json").write_text(KEYS.jwks())
    made = Cached(folder, config=PEOPLE, routes=section("[[route]]", **ROUTE, auth=["people"])
                  + section("[[route]]", **{**ROUTE, "match": "/by/{rest...}"}, auth=["by-cookie"])
                  + section("[[route]]", **{**ROUTE, "match": "/open/{rest...}"}, auth=["people"], optional=True)
                  + section("[auth.by-cookie]", kind="jwt", issuer="https://id.example.com", audience=["api"], jwks={"file": "keys.json"},
                            **{"from": "cookie:token"}))
    yield made
    made.close()


def token(name):
    return KEYS.token(sub=name)


def bearer(name):
    return f"Authorization: Bearer {token(name)}\r\n"


def cookie(name):
    return f"Cookie: token={token(name)}\r\n"


def counting(control):
    """Answers that differ each time."""
    count = iter(range(1000))
    return lambda request: says(control, body=str(next(count)).encode())


def test_each_caller_has_his_own(members):
    resource = members.resource(counting("max-age=60"), path="/by/own")
    ann, bob = resource.get(cookie("ann")), resource.get(cookie("bob"))
    assert ann.body != bob.body and not is_hit(bob)
    for name, body in [("ann", ann.body), ("bob", bob.body)]:
        again = resource.get(cookie(name))
        assert is_hit(again) and again.body == body


@pytest.mark.parametrize("control", ["s-maxage=60", "max-age=60, must-revalidate"])
def test_what_may_be_stored_of_authorization_is_still_the_callers(members, control):
    resource = members.resource(counting(control))
    ann = resource.get(bearer("ann"))
    assert is_hit(resource.get(bearer("ann")))
    assert resource.get(bearer("bob")).body != ann.body


def test_authorization_that_the_gateway_takes_off_counts(members):
    resource = members.resource(counting("max-age=60"))
    resource.get(bearer("ann"))
    assert not is_hit(resource.get(bearer("ann"))) and resource.requests[0].header("Authorization") is None


def test_public_is_for_all_callers(members):
    resource = members.resource(counting("public, max-age=60"))
    first = resource.get(bearer("ann"))
    answer = resource.get(bearer("bob"))
    assert is_hit(answer) and answer.body == first.body


def test_what_is_public_no_longer_is_nobody_elses(members):
    resource = members.resource(lambda r: says("public, max-age=10", headers="Age: 99\r\nETag: \"a\"\r\n"), counting("s-maxage=60"))
    resource.get(bearer("ann"))
    ann = resource.get(bearer("ann"))
    bob = resource.get(bearer("bob"))
    assert ann.body != bob.body and is_hit(resource.get(bearer("ann")))


def test_a_hit_is_for_who_may_call_only(members):
    resource = members.resource(says("public, max-age=60"))
    resource.get(bearer("ann"))
    assert resource.get().status == 401
    assert resource.get("Authorization: Bearer junk\r\n").status == 401
    assert is_hit(resource.get(bearer("bob")))


def test_who_has_no_name_has_nothing_stored(members):
    resource = members.resource(counting("max-age=60"), path="/open/x")
    assert not is_hit(resource.get()) and not is_hit(resource.get())
    assert resource.get(cookie("ann")).body == b"2"


# ---- what a stranger may try

@pytest.mark.parametrize("headers", ["X-Forwarded-Host: evil.example\r\n", "X-Forwarded-Proto: https\r\n", "X-Host: evil\r\n", "Forwarded: host=evil\r\n",
                                     "X-Original-URL: /evil\r\n", "x-rewrite-url: /evil\r\n", "X-HTTP-Method-Override: evil\r\n"])
def test_fields_that_are_no_part_of_the_key_do_not_come_back_from_us(shop, headers):
    def echo(request):
        told = "".join(f"{name}={value} " for name, value in request.headers if name.lower().startswith(("x-", "forwarded")) and name.lower() not in ("x-forwarded-for", "x-request-id"))
        return says("max-age=60", body=told.encode())
    resource = shop.resource(echo)
    assert b"evil" not in resource.get(headers).body
    answer = resource.get()
    assert is_hit(answer) and b"evil" not in answer.body and b"https" not in answer.body


def test_what_some_services_take_for_another_url_goes_along_where_nothing_is_stored(shop):
    resource = shop.resource(says("max-age=60"))
    resource.get("X-Original-URL: /a\r\nCache-Control: no-store\r\n")
    assert resource.requests[-1].header("X-Original-URL") == "/a"


@pytest.mark.parametrize("spelling", ["{path}/x.css", "{path};a.js", "{path}%0a.css", "{path}%2fx.css", "{path}/..%2fx.css"])
def test_deception_by_extension_stores_nothing_that_is_not_said_to_be_stored(shop, spelling):
    resource = shop.resource(says("", body=b"secret"))
    target = spelling.format(path=resource.path)
    shop.resource(says("", body=b"secret"), path=target)
    for _ in range(2):
        answer = shop.ask(target)
        assert answer.status == 400 or not is_hit(answer)


def test_host_names_are_parts_of_the_key_as_they_come(shop):
    resource = shop.resource(lambda r: says("max-age=60", body=r.header("X-Forwarded-Host").encode()))
    assert shop.ask(resource.path, host="test:1234").body == b"test:1234"
    assert resource.get().body == b"test"
    assert shop.ask(resource.path, host="test.").body == b"test."


def test_a_refusal_of_ours_is_not_stored(shop):
    resource = shop.resource(says("max-age=60"))
    assert shop.ask(resource.path + "?" + "x" * 9000).status == 414
    assert not is_hit(resource.get())


def test_an_answer_with_a_cookie_reaches_nobody_else(shop):
    count = iter(range(10))
    resource = shop.resource(lambda r: says("max-age=60", headers=f"Set-Cookie: session={next(count)}\r\n"))
    assert [resource.get().header("Set-Cookie") for _ in range(3)] == [f"session={i}" for i in range(3)]


# ---- RFC 9213, 9211, 9875

@pytest.mark.parametrize("cdn, control, hit", [("max-age=60", "no-store", True), ("no-store", "max-age=60", False), ("max-age=0", "max-age=60", False),
                                               ("private", "max-age=60", False), ("max-age=60,", "no-store", False), ("max-age=\"junk", "max-age=60", True), ("max-age=junk", "max-age=60", False),
                                               ("Max-Age=0", "max-age=60", True), ("max-age=\"60\"", "max-age=60", False)])
def test_9213_the_targeted_field_goes_before_cache_control_where_it_can_be_read(shop, cdn, control, hit):
    resource = shop.resource(says(control, headers=f"CDN-Cache-Control: {cdn}\r\n"))
    resource.get()
    assert is_hit(resource.get()) == hit


def test_9213_expires_does_not_count_beside_it(shop):
    resource = shop.resource(says(headers=f"CDN-Cache-Control: max-age=0\r\nExpires: {date(600)}\r\n"))
    resource.get()
    assert not is_hit(resource.get())


def test_9211_the_caches_behind_keep_their_word(shop):
    resource = shop.resource(says("max-age=60", headers="Cache-Status: origin;hit\r\n"))
    resource.get()
    answer = resource.get()
    assert answer.all("Cache-Status")[0] == "origin;hit" and result(answer)[0] == "shared"


@pytest.mark.parametrize("prepare, headers, told", [("", "", {"fwd": "uri-miss", "stored": ""}), ("get", "", {"hit": ""}),
                                                    ("get", "Cache-Control: no-cache\r\n", {"fwd": "request", "stored": ""}),
                                                    ("", "Range: bytes=0-1\r\n", {"fwd": "partial", "fwd-status": "200"})])
def test_9211_what_was_done_is_told(shop, prepare, headers, told):
    resource = shop.resource(says("max-age=60"))
    if prepare:
        resource.get()
    got = result(resource.get(headers))[1]
    assert {key: value for key, value in got.items() if key != "ttl"} == told


def test_9211_a_variant_that_is_missing_is_told_apart(shop):
    resource = shop.resource(says("max-age=60", headers="Vary: Accept-Language\r\n"))
    told = [result(resource.get(f"Accept-Language: {language}\r\n"))[1] for language in ("de", "en", "de")]
    assert ["vary-miss" if "vary-miss" in one.get("fwd", "") else one.get("fwd", "hit") for one in told] == ["uri-miss", "vary-miss", "hit"]


def test_9875_groups_of_an_answer_are_invalidated_together(shop):
    grouped = [shop.resource(says("max-age=60", headers='Cache-Groups: "shoes", "red"\r\n')) for _ in range(2)]
    other = shop.resource(says("max-age=60", headers='Cache-Groups: "hats"\r\n'))
    for resource in [*grouped, other]:
        resource.get()
    elsewhere = shop.ask(grouped[0].path, host="other.example")
    change = shop.resource(says("", headers='Cache-Group-Invalidation: "red", "green"\r\n'))
    change.get(method="GET")  # only unsafe requests change anything
    assert is_hit(grouped[0].get())
    change.get(method="POST")
    assert [is_hit(resource.get()) for resource in [*grouped, other]] == [False, False, True]
    assert elsewhere.status == 200 and is_hit(shop.ask(grouped[0].path, host="other.example"))


# ---- purging

def test_purge_by_key_prefix_and_group_answers_the_count(shop):
    base = shop.resource(says("max-age=60", headers="Vary: X-A\r\n"), path="/shop/1")
    for i in (2, 3):
        shop.resource(says("max-age=60", headers='Cache-Groups: "g"\r\n'), path=f"/shop/{i}").get()
    base.get("X-A: 1\r\n")
    base.get("X-A: 2\r\n")
    assert purge(shop, key="http://test/shop/1") == (200, {"cache": "shared", "key": "http://test/shop/1", "purged": 2})
    assert not is_hit(base.get("X-A: 1\r\n"))
    assert purge(shop, group="g")[1]["purged"] == 2
    assert purge(shop, group="g")[1]["purged"] == 0
    assert purge(shop, prefix="http://test/shop/")[1]["purged"] == 1
    assert not is_hit(base.get("X-A: 1\r\n"))


def test_purges_that_say_nothing_are_refused(shop):
    assert purge(shop, name="nope", key="x")[0] == 404
    for query in ({}, {"key": ""}, {"key": "a", "prefix": "b"}, {"url": "x"}):
        assert purge(shop, **query)[0] == 400, query
    assert shop.program.admin("/cache/shared?key=x")[0] == 405


def test_status_and_metrics_show_what_is_held(shop):
    shop.resource(says("max-age=60", body=b"x" * 1000)).get()
    told = json.loads(shop.program.admin("/status")[2])["caches"][0]
    assert told["name"] == "shared" and told["bytes"] > 1000 and told["entries"] > 0 and told["size"] == 256 * 1024 * 1024
    assert told["miss"] > 0 and told["hit"] >= 0
    assert shop.program.metric("gateway_cache_bytes", cache="shared") == told["bytes"]


def test_explain_shows_the_key_that_purges(shop, tmp_path):
    resource = shop.resource(says("max-age=60"))
    resource.get(query="?a=1")
    told = run("gateway", "explain", "-c", shop.program.config, "GET", f"http://test/x/..{resource.path}?a=1")
    key = f"http://test{resource.path}?a=1"
    assert f"shared, key {key}\n" in told.stdout, told.stdout
    answer = json.loads(run("gateway", "explain", "-c", shop.program.config, "--json", "GET", key).stdout)
    assert answer["route"]["cache"] == {"name": "shared", "key": key, "per_caller": False}
    assert purge(shop, key=key)[1]["purged"] == 1


# ---- routes

def test_a_route_without_a_cache_invalidates_what_others_stored(tmp_path):
    shop = Cached(tmp_path, routes=section("[[route]]", **{**ROUTE, "match": "GET /{rest...}"}) + section("[[route]]", match="POST /{rest...}", to="service"))
    resource = shop.resource(says("max-age=60"))
    resource.get()
    assert is_hit(resource.get())
    resource.get(method="POST")
    assert not is_hit(resource.get())
    shop.close()


def test_routes_that_differ_by_a_field_do_not_share_answers(tmp_path):
    shop = Cached(tmp_path, routes=section("[[route]]", **ROUTE, name="one") + section("[[route]]", **ROUTE, name="two", when={"header": {"X-Version": "2"}}))
    resource = shop.resource(lambda r: says("max-age=60", body=(r.header("X-Version") or "1").encode()))
    for _ in range(2):
        assert resource.get().body == b"1" and resource.get("X-Version: 2\r\n").body == b"2"
    shop.close()


def test_answers_are_compressed_after_they_were_stored_and_headers_set(tmp_path):
    shop = Cached(tmp_path, routes=section("[[route]]", **ROUTE, compress=["gzip"], headers={"response": {"set": {"X-Request": "request_id"}}}))
    resource = shop.resource(says("max-age=60", body=b"a" * 5000, headers='Content-Type: text/plain\r\nETag: "a"\r\n'))
    plain = resource.get()
    packed = resource.get("Accept-Encoding: gzip\r\n")
    assert packed.header("Content-Encoding") == "gzip" and is_hit(packed) and plain.body == b"a" * 5000
    assert packed.header("X-Request") != plain.header("X-Request") and resource.count == 1
    shop.close()


def test_a_fixed_answer_can_be_stored_too(tmp_path):
    shop = Cached(tmp_path, routes=section("[[route]]", match="/{rest...}", cache="shared", respond={"body": "fixed", "headers": {"Cache-Control": "max-age=60"}}))
    assert shop.ask("/x").body == b"fixed"
    answer = shop.ask("/x")
    assert is_hit(answer) and answer.body == b"fixed"
    shop.close()
