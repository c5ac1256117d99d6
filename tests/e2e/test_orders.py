"""What an operator orders of a running program, over the admin address and from the shell: drain, disable, enable, weight."""
import http.client
import json
from collections import Counter

import pytest

from origins import HttpOrigin, response
from raw import Client
from tandem import gateway_config, lb_config, run

GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(params=["lb", "gateway"])
def pair(request, start):
    """A program before two services, "a" and "b", both of weight 2: the program and the upstream's name."""
    services = {name: HttpOrigin(lambda _, name=name: response(name.encode())) for name in "ab"}
    servers = [{"address": origin.address, "name": name, "weight": 2} for name, origin in services.items()]
    config, upstream = {"lb": (lb_config, "servers"), "gateway": (gateway_config, "service")}[request.param]
    program = start(request.param, config(servers))
    program.services = services
    return program, upstream


def served(program, count=12):
    """Who answers `count` new connections."""
    names = Counter()
    for _ in range(count):
        with Client(program.port()) as client:
            names[client.send(GET).answer().body.decode()] += 1
    return names


def server(program, name):
    [upstream] = json.loads(program.admin("/status")[2])["upstreams"]
    return next(one for one in upstream["servers"] if one["name"] == name)


def order(program, *words, how="--admin"):
    place = f"127.0.0.1:{program.admin_port}" if how == "--admin" else str(program.config)
    return run(program.name, *words, how, place)


def put(program, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", program.admin_port, timeout=20)
    connection.request("PUT", path, body)
    answer = connection.getresponse()
    result = answer.status, answer.read().decode()
    connection.close()
    return result


def test_drain_leaves_what_stands_and_lets_nothing_new_in(pair):
    program, upstream = pair
    with Client(program.port()) as one, Client(program.port()) as two:
        before = [client.send(GET).answer().body for client in (one, two)]
        assert sorted(before) == [b"a", b"b"]
        done = order(program, "drain", upstream, "a")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["changed"] and answer["after"]["order"] == "drain" and answer["before"]["order"] is None
        assert served(program) == {"b": 12}
        if program.name == "lb":
            assert [client.send(GET).answer().body for client in (one, two)] == before
    shown = server(program, "a")
    assert shown["state"] == "draining" and shown["order"] == "drain" and shown["why"] and not shown["available"]
    assert order(program, "enable", upstream, "a").returncode == 0
    assert served(program) == {"a": 6, "b": 6}
    assert server(program, "a")["order"] is None


def test_disable_over_http_by_the_address(pair):
    program, upstream = pair
    address = program.services["a"].address
    status, _, body = program.admin(f"/upstreams/{upstream}/servers/{address}/disable", "POST")
    assert status == 200 and json.loads(body)["server"] == "a"
    assert served(program) == {"b": 12} and server(program, "a")["state"] == "disabled"
    assert "disable" in program.stderr and "operator" in program.stderr


def test_weight_is_shown_beside_that_of_the_file(pair):
    program, upstream = pair
    assert order(program, "weight", upstream, "a", "10").returncode == 0
    assert served(program) == {"a": 10, "b": 2}
    shown = server(program, "a")
    assert (shown["weight"], shown["configured_weight"], shown["runtime_weight"]) == (10, 2, 10)
    assert put(program, f"/upstreams/{upstream}/servers/a/weight", "0\n")[0] == 200
    assert served(program) == {"b": 12}
    assert order(program, "enable", upstream, "a").returncode == 0
    assert served(program) == {"a": 6, "b": 6}
    assert server(program, "a")["runtime_weight"] is None


def test_unknown_names_and_wrong_weights_change_nothing(pair):
    program, upstream = pair
    for words, name in (("drain", "nobody", "a"), "nobody"), (("drain", upstream, "nobody"), "nobody"):
        done = order(program, *words)
        assert done.returncode == 2 and name in done.stderr and len(done.stderr.splitlines()) == 1
    assert program.admin("/upstreams/nobody/servers/a/drain", "POST")[0] == 404
    assert program.admin(f"/upstreams/{upstream}/servers/a/drain")[0] == 405
    assert put(program, f"/upstreams/{upstream}/servers/a/weight", "heavy")[0] == 400
    for words in ("weight", upstream, "a", "257"), ("weight", upstream, "a"), ("drain", upstream), ("drain",):
        assert order(program, *words).returncode == 2
    assert run(program.name, "drain", upstream, "a").returncode == 2  # of which program?
    assert served(program) == {"a": 6, "b": 6}


def test_the_admin_address_may_come_from_the_file(pair):
    program, upstream = pair
    program.config.write_text(program.config.read_text().replace(
        '[admin]\nlisten = "127.0.0.1:0"', f'[admin]\nlisten = "127.0.0.1:{program.admin_port}"'))
    done = order(program, "drain", upstream, "a", how="-c")
    assert done.returncode == 0, done.stderr
    assert served(program) == {"b": 12}
