"""Names and passwords: what curl and htpasswd make is accepted, what is wrong is refused at the same price, and nothing
that takes long happens on the loop."""
import base64
import json
import subprocess
import threading

import pytest

from origins import HttpOrigin
from raw import DEADLINE, Client, get
from tandem import run, section

IDENTITY = {"request": {"set": {"X-Consumer": "consumer:name", "X-Groups": "consumer:groups", "X-Plan": "consumer:plan"}}}
PASSWORD = "korrekt:Pferd Ärger"


def made(name, password, cost=4):
    """A line of htpasswd, by bcrypt: 4 is quick, 11 takes a tenth of a second and more."""
    done = subprocess.run(["htpasswd", "-niB", "-C", str(cost), name], input=password, capture_output=True, text=True, check=True)
    return done.stdout.strip() + "\n"


USERS = made("ada", PASSWORD) + made("bob", "b")
SLOW = made("slow", "s", cost=11)


def basic(name, password, scheme="Basic"):
    return f"Authorization: {scheme} {base64.b64encode(f'{name}:{password}'.encode()).decode()}\r\n"


def provider(name="staff", **keys):
    return section(f"[auth.{name}]", **{"kind": "basic", "users": {"file": "users"}, "auth_failures": "none", **keys})


def route(*auth, name="all", match="/{rest...}", **keys):
    return section("[[route]]", name=name, match=match, to="service", auth=list(auth or ["staff"]), **{"headers": IDENTITY, **keys})


@pytest.fixture
def front(gateway):
    def make(routes, users=USERS, files=None, **more):
        origin = HttpOrigin()
        program = gateway([origin], defaults={"public": False}, routes=routes, files={"users": users, **(files or {})}, **more)
        return program, origin
    return make


def fields(origin):
    return {name.lower(): value for name, value in origin.requests[-1].headers}


def test_curl_gets_in_and_the_service_hears_who_not_how(front):
    consumers = section("[[consumer]]", name="ada", groups=["staff", "admins"], plan="gold")
    program, origin = front(provider(consumers={"file": "groups.toml"}) + route(), files={"groups.toml": consumers})
    for _ in range(2):  # checked, then remembered
        done = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-u", f"ada:{PASSWORD}",
                               f"http://127.0.0.1:{program.port()}/x"], capture_output=True, text=True, timeout=DEADLINE)
        assert done.stdout == "200", done.stderr
        seen = fields(origin)
        assert (seen["x-consumer"], seen["x-groups"], seen["x-plan"]) == ("ada", "staff,admins", "gold")
        assert "authorization" not in seen
    assert get(program.port(), headers=basic("bob", "b", "bAsIc")).status == 200
    assert fields(origin)["x-consumer"] == "bob" and "x-plan" not in fields(origin)
    assert [line["consumer"] for line in program.access_log(3)] == ["ada", "ada", "bob"]


def test_whatever_is_wrong_is_refused_with_one_challenge(front):
    program, origin = front(provider(realm="Shop staff") + route())
    wrong = [basic("ada", "x"), basic("ada", ""), basic("ada", PASSWORD + "x"), basic("Ada", PASSWORD), basic("nobody", PASSWORD),
             basic("", PASSWORD), basic("ada", "b"), basic("bob", "b\0x"), basic("bob", "b\n"), basic("ada", "x" * 600),
             "Authorization: Basic\r\n", "Authorization: Basic !!!!\r\n", "Authorization: Basic YWRh\r\n",
             "Authorization: Basic " + "QUFB" * 2000 + "\r\n", basic("bob", "b").replace("Basic", "Bearer"), ""]
    for headers in wrong:
        answer = get(program.port(), headers=headers)
        assert answer.status == 401, headers
        assert answer.all("WWW-Authenticate") == ['Basic realm="Shop staff", charset="UTF-8"'], headers
        assert json.loads(answer.body)["reason"] == "unauthenticated"
    assert not origin.requests
    program, origin = front(provider(forward_credentials=True) + route("staff", optional=True))
    assert get(program.port(), headers=basic("bob", "b")).status == 200
    assert fields(origin)["authorization"] == basic("bob", "b").split(": ")[1].strip()
    assert get(program.port()).status == 200 and "x-consumer" not in fields(origin)
    assert get(program.port(), headers=basic("bob", "x")).status == 401


def test_passwords_are_written_nowhere(front):
    program, _ = front(provider() + route(), log={"level": "debug"})
    for headers in (basic("ada", PASSWORD), basic("ada", "wr0ng-password"), basic("wr0ng-name", "x")):
        get(program.port(), headers=headers)
    program.access_log(3)
    written = program.stderr + (program.folder / "access.log").read_text() + program.admin("/status")[2]
    dump = run("gateway", "dump", "-c", program.config).stdout
    for secret in ("wr0ng", "Pferd", basic("ada", PASSWORD).split()[2], basic("ada", "wr0ng-password").split()[2], "$2y$"):
        assert secret not in written and secret not in dump


def test_an_unknown_name_costs_as_much_as_a_wrong_password(front):
    program, _ = front(provider() + route(), users=made("ada", "x", cost=10))
    times = {"ada": [], "eve": []}
    for turn in range(9):
        for name, taken in times.items():
            before = program.cpu_seconds()
            assert get(program.port(), headers=basic(name, f"wrong {turn}")).status == 401
            taken.append(program.cpu_seconds() - before)
    known, unknown = sum(times["ada"]), sum(times["eve"])
    assert unknown > known / 3 and known > unknown / 3, times  # without the hash it would be nothing


def test_hashing_holds_nobody_up_and_a_right_password_is_remembered(front):
    program, origin = front(provider() + route() + section("[[route]]", name="open", match="/open", to="service", public=True),
                            users=SLOW + made("ada", "a"))
    before = program.cpu_seconds()
    for turn in range(3):
        assert get(program.port(), headers=basic("slow", f"wrong {turn}")).status == 401
    one = (program.cpu_seconds() - before) / 3
    before = program.cpu_seconds()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(get(program.port(), headers=basic("slow", "s")).status))
               for _ in range(40)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert get(program.port(), "/open").status == 200
    assert answers == [200] * 40
    assert program.cpu_seconds() - before < 20 * one, "the same password was checked again and again"


def test_a_flood_of_wrong_passwords_from_one_address_is_turned_away_at_its_limit(front):
    program, _ = front(provider() + route(), users=SLOW)
    clients = [Client(program.port()).send(f"GET / HTTP/1.1\r\nHost: x\r\n{basic('slow', f'wrong {n}')}\r\n") for n in range(60)]
    answers = [client.answer() for client in clients]
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {401, 503} and 0 < statuses.count(401) < 60
    over = next(answer for answer in answers if answer.status == 503)
    assert json.loads(over.body)["reason"] == "overloaded" and over.header("Retry-After")
    for client in clients:
        client.close()
    assert get(program.port(), headers=basic("slow", "s")).status == 200


def test_who_leaves_while_it_is_checked_harms_nobody(front):
    program, _ = front(provider() + route(), users=SLOW)
    for _ in range(3):
        leaving = [Client(program.port()).send(f"GET / HTTP/1.1\r\nHost: x\r\n{basic('slow', 's' if n else 'x')}\r\n")
                   for n in range(3)]
        staying = Client(program.port()).send(f"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{basic('slow', 's')}\r\n")
        for client in leaving:
            client.reset()
        assert staying.answer().status == 200
        staying.close()
        program.reload(program.config.read_text())  # forgets what is remembered


def test_refused_passwords_are_counted_per_address_and_known_ones_go_on(front):
    program, _ = front(provider(auth_failures="3/h") + route())
    assert get(program.port(), headers=basic("ada", PASSWORD)).status == 200
    assert [get(program.port(), headers=basic("ada", f"x{n}")).status for n in range(5)] == [401, 401, 401, 429, 429]
    assert get(program.port(), headers=basic("bob", "b")).status == 429  # right, but nobody looks any more
    assert get(program.port(), headers=basic("ada", PASSWORD)).status == 200


def test_several_kinds_share_one_field(front):
    from issuer import SECRET, Keys
    program, origin = front(provider() + section("[auth.people]", kind="jwt", issuer="https://id.example.com", audience=["api"],
                                                 secret=SECRET, forward_credentials=True) + route("people", "staff"))
    assert get(program.port(), headers=basic("bob", "b")).status == 200
    assert fields(origin)["x-consumer"] == "bob" and "authorization" not in fields(origin)
    token = Keys().token("HS256")
    assert get(program.port(), headers=f"Authorization: Bearer {token}\r\n").status == 200
    assert fields(origin)["authorization"] == f"Bearer {token}"
    refused = get(program.port(), headers=basic("bob", "x"))
    assert sorted(value.split()[0] for value in refused.all("WWW-Authenticate")) == ["Basic", "Bearer"]


def test_a_file_that_everybody_can_read_and_groups_of_nobody_are_warned_of(front):
    consumers = section("[[consumer]]", name="eve", groups=["staff"])
    program, _ = front(provider(consumers={"file": "groups.toml"}) + route(), files={"groups.toml": consumers})
    for mode, warned in ((0o644, True), (0o640, False)):
        (program.folder / "users").chmod(mode)
        done = run("gateway", "check", "-c", program.config)
        assert done.returncode == 0 and ("can be read by every user" in done.stderr) == warned, done.stderr
        assert 'consumer "eve":' in done.stderr and "has no such user" in done.stderr


def test_a_reload_reads_the_users_again_and_a_broken_file_changes_nothing(front):
    program, origin = front(provider() + route())
    config = program.config.read_text()
    assert get(program.port(), headers=basic("bob", "b")).status == 200
    (program.folder / "users").write_text(made("bob", "new"))
    program.reload(config)
    assert get(program.port(), headers=basic("bob", "b")).status == 401  # what was remembered is forgotten
    assert get(program.port(), headers=basic("bob", "new")).status == 200
    for broken in ("", "bob\n", "bob:secretword\n", "bob:$apr1$secretword$Xxv4WhT1qTd9Ut0K8ggnB1\n", USERS + USERS):
        (program.folder / "users").write_text(broken)
        done = run("gateway", "reload", "--admin", f"127.0.0.1:{program.admin_port}")
        assert done.returncode == 2 and "users" in done.stderr and "secretword" not in done.stderr, done.stderr
        assert get(program.port(), headers=basic("bob", "new")).status == 200
