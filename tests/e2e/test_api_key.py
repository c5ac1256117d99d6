"""Keys of consumers: in a header, the query or a cookie; the service hears who calls and never the key."""
import hashlib
import json
import re
import subprocess

import pytest

from origins import HttpOrigin
from raw import DEADLINE, ask, get, wait_until
from tandem import BIN, gateway_config, run, section

ACME, OTHER = "key-of-acme-5f0c", "key-of-other-77ab"
IDENTITY = {"request": {"set": {"X-Consumer": "consumer:name", "X-Groups": "consumer:groups", "X-Plan": "consumer:plan"}}}


def consumer(name, key, **more):
    return section("[[consumer]]", name=name, key_hash="sha256:" + hashlib.sha256(key.encode()).hexdigest(), **more)


PARTNERS = consumer("acme", ACME, groups=["partners", "eu"], plan="gold") + consumer("other", OTHER)


def provider(name="partners", source="header:X-Api-Key", **keys):
    return section(f"[auth.{name}]", **{"kind": "api_key", "from": source, "consumers": {"file": "partners.toml"},
                                        "auth_failures": "none", **keys})


def route(*auth, name="all", match="/{rest...}", **keys):
    return section("[[route]]", name=name, match=match, to="service", auth=list(auth or ["partners"]),
                   **{"headers": IDENTITY, **keys})


@pytest.fixture
def front(gateway):
    """front(routes, …) -> (gateway, origin); partners.toml lies beside the configuration."""
    def make(routes, files=None, **more):
        origin = HttpOrigin()
        program = gateway([origin], defaults={"public": False}, routes=routes,
                          files={"partners.toml": PARTNERS, **(files or {})}, **more)
        return program, origin
    return make


def fields(origin):
    return {name.lower(): value for name, value in origin.requests[-1].headers}


def key(value, name="X-Api-Key"):
    return f"{name}: {value}\r\n"


def test_a_key_says_who_calls_and_stays_here(front):
    program, origin = front(provider() + route())
    assert get(program.port(), headers=key(ACME)).status == 200
    seen = fields(origin)
    assert (seen["x-consumer"], seen["x-groups"], seen["x-plan"]) == ("acme", "partners,eu", "gold")
    assert "x-api-key" not in seen and ACME not in str(origin.requests[-1].headers)
    assert get(program.port(), headers=key(OTHER, "x-api-KEY") + "X-Plan: gold\r\nX-Groups: admins\r\n").status == 200
    seen = fields(origin)
    assert seen["x-consumer"] == "other" and "x-plan" not in seen and "x-groups" not in seen
    assert [line["consumer"] for line in program.access_log(2)] == ["acme", "other"]


def test_curl_with_the_key_that_the_command_made(front):
    made = run("gateway", "key", "new", "shop", "--groups", "a,b", "--plan", "free")
    assert made.returncode == 0, made.stderr
    secret = re.search(r"^tandem_[\w-]{43}$", made.stdout, re.M)[0]
    kept = made.stdout[made.stdout.index("[[consumer]]"):]
    assert secret not in kept and made.stdout.count(secret) == 1
    program, origin = front(provider() + route(), files={"partners.toml": PARTNERS + kept})
    done = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"X-Api-Key: {secret}",
                           f"http://127.0.0.1:{program.port()}/x"], capture_output=True, text=True, timeout=DEADLINE)
    assert done.stdout == "200", done.stderr
    assert (fields(origin)["x-consumer"], fields(origin)["x-groups"], fields(origin)["x-plan"]) == ("shop", "a,b", "free")
    assert run("gateway", "key", "new", "shop").stdout != made.stdout
    for wrong in (["old", "shop"], ["new", ""], ["new", "a\nb"], ["new", "x", "--plan", "two words"], ["new"]):
        assert run("gateway", "key", *wrong).returncode == 2, wrong


def test_whatever_is_no_key_is_refused_with_a_challenge_and_no_service_hears_of_it(front):
    program, origin = front(provider() + route())
    wrong = ["", " ", ACME[:-1], ACME + "x", ACME.upper(), f"{ACME}, {ACME}", f'"{ACME}"', "Bearer " + ACME, "x" * 20_000,
             hashlib.sha256(ACME.encode()).hexdigest(), "sha256:" + hashlib.sha256(ACME.encode()).hexdigest(), "\xff" * 9]
    for value in wrong:
        answer = get(program.port(), headers=key(value))
        assert answer.status == 401, value
        assert answer.header("WWW-Authenticate") == 'ApiKey realm="partners", in="header", name="X-Api-Key"'
        assert json.loads(answer.body)["reason"] == "unauthenticated"
    for headers in ("", key(ACME, "X-Api-Ke"), key(ACME, "X_Api_Key"), f"Authorization: Bearer {ACME}\r\n",
                    f"Cookie: X-Api-Key={ACME}\r\n"):
        assert get(program.port(), f"/?X-Api-Key={ACME}", headers=headers).status == 401, headers
    for headers in (key(ACME) * 2, key(ACME) + key("x"), key(ACME) + key("")):  # which one counts?
        assert get(program.port(), headers=headers).status == 400, headers
    nominated = ask(program.port(), f"GET / HTTP/1.1\r\nHost: x\r\nConnection: close, X-Api-Key\r\n{key(ACME)}\r\n")
    assert nominated.status == 401  # a field of the hop before us says nothing here
    assert not origin.requests


def test_each_place_is_emptied_exactly(front):
    program, origin = front(provider("query", "query:key") + provider("cookie", "cookie:key")
                            + provider("bearer", "header:Authorization") + provider("kept", "query:key", forward_credentials=True)
                            + "".join(route(name, name=name, match=f"/{name}") for name in ("query", "cookie", "bearer", "kept")))
    for query, left in ((f"a=1&key={ACME}&b=2", "?a=1&b=2"), (f"key={ACME}", ""), (f"k%65y={ACME}&key2=x&akey=y", "?key2=x&akey=y"),
                        (f"a=%20+&key={ACME}", "?a=%20+")):
        assert get(program.port(), f"/query?{query}").status == 200, query
        assert origin.requests[-1].target == f"/query{left}"
    for cookies, left in ((f"a=1; key={ACME}; b=2", "a=1; b=2"), (f"key={ACME}", None), (f"akey=x; key={ACME}", "akey=x")):
        assert get(program.port(), "/cookie", headers=f"Cookie: {cookies}\r\n").status == 200, cookies
        assert fields(origin).get("cookie") == left
    for path in (f"/query?key={ACME}&key={OTHER}", f"/query?key={ACME}&%6bey={ACME}"):
        assert get(program.port(), path).status == 400
    assert get(program.port(), "/cookie", headers=f"Cookie: key={ACME}\r\nCookie: key={ACME}\r\n").status == 400
    assert get(program.port(), "/bearer", headers=f"Authorization: bearer {ACME}\r\n").status == 200
    assert "authorization" not in fields(origin)
    assert get(program.port(), "/bearer", headers=f"Authorization: {ACME}\r\n").status == 401
    assert get(program.port(), f"/kept?a=1&key={ACME}").status == 200
    assert origin.requests[-1].target == f"/kept?a=1&key={ACME}"
    assert get(program.port(), "/query?key=").header("WWW-Authenticate") == 'ApiKey realm="query", in="query", name="key"'
    assert ACME not in program.stderr and ACME not in (program.folder / "access.log").read_text()


def test_any_and_all_of_several_and_nobody_where_that_is_allowed(front):
    program, origin = front(provider() + provider("device", "header:X-Device")
                            + route("partners", "device", name="any", match="/any")
                            + route(["partners", "device"], name="both", match="/both")
                            + route("partners", name="maybe", match="/maybe", optional=True))
    for headers, status in ((key(ACME), 200), (key(ACME, "X-Device"), 200), ("", 401), (key("x"), 401),
                            (key(ACME) + key(ACME, "X-Device"), 400)):
        assert get(program.port(), "/any", headers=headers).status == status, headers
    for headers, status in ((key(ACME), 401), (key(ACME) + key(OTHER, "X-Device"), 200), (key(ACME) + key("x", "X-Device"), 401)):
        assert get(program.port(), "/both", headers=headers).status == status, headers
    assert get(program.port(), "/maybe").status == 200 and "x-consumer" not in fields(origin)
    assert get(program.port(), "/maybe", headers=key(ACME)).status == 200 and fields(origin)["x-consumer"] == "acme"
    assert get(program.port(), "/maybe", headers=key("x")).status == 401
    both = get(program.port(), "/any")
    assert len(both.all("WWW-Authenticate")) == 2


def test_refused_keys_are_counted_per_address_and_known_ones_go_on(front):
    program, _ = front(provider(auth_failures="3/h") + route())
    assert [get(program.port(), headers=key("x")).status for _ in range(5)] == [401, 401, 401, 429, 429]
    assert get(program.port(), headers=key(ACME)).status == 200
    assert get(program.port()).status == 401  # a missing one is not charged


def test_a_reload_reads_the_consumers_again_and_a_broken_file_changes_nothing(front):
    routes = provider() + route()
    program, origin = front(routes)
    config = gateway_config([origin.address], defaults={"public": False}, routes=routes)
    consumers = program.folder / "partners.toml"
    consumers.write_text(consumer("acme", "a new key") + consumer("newcomer", OTHER))
    assert get(program.port(), headers=key(ACME)).status == 200  # not yet
    program.reload(config)
    assert get(program.port(), headers=key(ACME)).status == 401
    assert get(program.port(), headers=key("a new key")).status == 200
    assert get(program.port(), headers=key(OTHER)).status == 200 and fields(origin)["x-consumer"] == "newcomer"
    for broken in ("", "[[consumer]]\nname = \"x", PARTNERS + consumer("acme", "x"), PARTNERS + consumer("third", ACME),
                   section("[[consumer]]", name="x", key_hash="tandem_plain")):
        consumers.write_text(broken)
        done = subprocess.run([BIN / "gateway", "reload", "--admin", f"127.0.0.1:{program.admin_port}"],
                              capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 2 and "partners.toml" in done.stderr, done.stderr
        assert "tandem_plain" not in done.stderr
        assert get(program.port(), headers=key("a new key")).status == 200
    consumers.unlink()
    program.process.send_signal(1)  # HUP
    wait_until(lambda: "no such file" in program.stderr, what="the reload's error")
    assert get(program.port(), headers=key("a new key")).status == 200


def test_consumers_in_place_and_a_dump_without_hashes(front):
    digest = hashlib.sha256(b"in-place").hexdigest()
    inline = section("[[auth.partners.consumer]]", name="inline", key_hash=f"sha256:{digest.upper()}", plan="free")
    program, origin = front(provider() + inline + route())
    for secret, name in (("in-place", "inline"), (ACME, "acme")):
        assert get(program.port(), headers=key(secret)).status == 200 and fields(origin)["x-consumer"] == name
    dump = run("gateway", "dump", "-c", program.config)
    assert dump.returncode == 0 and 'file = "' in dump.stdout and "inline" in dump.stdout
    assert digest not in dump.stdout.lower()
    assert digest not in program.admin("/status")[2].lower()
