"""Reload inside the process: all or nothing, and nobody who is connected notices. TANDEM_BIG=1: a hundred reloads in a minute
under 64 busy clients, and memory is looked at."""
import json
import os
import signal
import threading
import time

import origins
import pytest
import raw
import tandem
from load import Load
from raw import wait_until
from tandem import BIG, sanitized

CLIENTS, RELOADS, EVERY = (64, 100, 0.6) if BIG else (16, 30, 0)  # seconds


def configuration(program):
    return json.loads(program.admin("/status")[2])["configuration"]


def listeners(program):
    return {one["name"]: int(one["address"].rsplit(":", 1)[1])
            for one in json.loads(program.admin("/status")[2])["listeners"]}


def reload(program, text=None, status=0):
    """The command, as a person gives it; waits for the outcome."""
    if text is not None:
        program.config.write_text(text)
    done = tandem.run(program.name, "reload", "--admin", f"127.0.0.1:{program.admin_port}")
    assert done.returncode == status, done.stderr + program.stderr[-2000:]
    return done


def named(name):
    return origins.HttpOrigin(lambda request: origins.response(name.encode()))


def body(port, target="/"):
    return raw.get(port, target).body.decode()




def test_a_wrong_file_changes_nothing_and_is_reported(program, start, keep):
    one, two = keep(named("one").origin), keep(named("two").origin)
    text = tandem.CONFIG[program]([one.address])
    running = start(program, text)
    done = reload(running, text.replace(one.address, two.address).replace("name =", "nmae ="), status=2)
    assert "nmae" in done.stderr
    state = configuration(running)
    assert state["generation"] == 1
    assert state["last_reload"]["result"] == "failed" and "nmae" in state["last_reload"]["error"]
    wait_until(lambda: "nmae" in running.stderr)
    assert body(running.port()) == "one"
    assert running.metric(f"{program}_reloads_total", result="failed") == 1
    reload(running, text.replace(one.address, two.address))
    assert body(running.port()) == "two"
    state = configuration(running)
    assert state["generation"] == 2 and state["last_reload"]["result"] == "done"
    assert running.metric(f"{program}_config_generation") == 2


def test_an_address_that_is_taken_changes_nothing(program, start, keep):
    one, two = keep(named("one").origin), keep(named("two").origin)
    text = tandem.CONFIG[program]([one.address])
    running = start(program, text)
    more = tandem.section("[[listener]]", name="taken", listen=two.address,
                          **({"upstream": "servers"} if program == "lb" else {}))
    done = reload(running, text.replace(one.address, two.address) + more, status=2)
    assert "taken" in done.stderr
    assert body(running.port()) == "one" and list(listeners(running)) == ["front"]


def test_hangup_reloads_and_reopens_the_access_log(program, start, keep):
    one, two = keep(named("one").origin), keep(named("two").origin)
    text = tandem.CONFIG[program]([one.address])
    running = start(program, text)
    assert body(running.port()) == "one"
    running.access_log(1)
    os.rename(running.folder / "access.log", running.folder / "access.log.1")
    running.config.write_text(text.replace(one.address, two.address))
    running.process.send_signal(signal.SIGHUP)
    wait_until(lambda: configuration(running)["generation"] == 2, what="the reload")
    assert body(running.port()) == "two"
    running.access_log(1)


def test_listeners_come_and_go(program, start, keep):
    one = keep(named("one").origin)
    text = tandem.CONFIG[program]([one.address], workers=2)
    more = tandem.section("[[listener]]", name="more", listen="127.0.0.1:0",
                          **({"upstream": "servers"} if program == "lb" else {}))
    running = start(program, text)
    reload(running, text + more)
    port = listeners(running)["more"]
    assert listeners(running)["front"] == running.port()
    assert body(port) == "one" and body(running.port()) == "one"
    with raw.Client(port) as client:
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.answer().body == b"one"
        reload(running, text)
        with pytest.raises(ConnectionRefusedError):
            raw.Client(port)
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.answer().body == b"one"
    assert body(running.port()) == "one"


def test_routes_change_between_two_requests_of_a_connection(start, keep):
    one, two = keep(named("one").origin), keep(named("two").origin)

    def text(path, server):
        return tandem.gateway_config([server.address],
                                     routes=tandem.section("[[route]]", name="r", match=path, to="service"))
    running = start("gateway", text("/before", one))
    ask = "GET {} HTTP/1.1\r\nHost: test\r\n\r\n".format
    with raw.Client(running.port()) as client:
        assert client.send(ask("/before")).answer().body == b"one"
        reload(running, text("/after", two))
        assert client.send(ask("/before")).answer().status == 404
        assert client.send(ask("/after")).answer().body == b"two"


def test_a_running_request_ends_on_the_server_it_began_with(start, keep):
    go_on, asked = threading.Event(), threading.Event()

    def slow(request):
        asked.set()
        go_on.wait(raw.DEADLINE)
        return origins.response(b"slow")
    one, two = keep(origins.HttpOrigin(slow).origin), keep(named("two").origin)
    text = tandem.gateway_config([one.address])
    running = start("gateway", text)
    with raw.Client(running.port()) as client:
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert asked.wait(raw.DEADLINE)
        reload(running, text.replace(one.address, two.address))
        assert body(running.port()) == "two"
        go_on.set()
        assert client.answer().body == b"slow"


def test_the_connection_to_a_removed_server_goes_on(lb, keep):
    one, two = keep(origins.Origin.echo()), keep(named("two").origin)
    running = lb([one])
    with raw.Client(running.port()) as client:
        assert client.send("a").receive(1) == b"a"
        reload(running, running.config.read_text().replace(one.address, two.address))
        assert body(running.port()) == "two"
        assert client.send("b").receive(1) == b"b"
        assert running.metric("lb_connections_active", server=one.address) == 1
    wait_until(lambda: running.metric("lb_connections_active") == 0, what="the end of the connection")


def test_a_new_server_gets_no_traffic_before_its_first_good_check(program, start, keep):
    one, silent = keep(named("one").origin), keep(origins.RefusingPort())
    check = {"check": "tcp", "every": "100ms", "timeout": "200ms"}
    running = start(program, tandem.CONFIG[program]([one.address], health=check))
    reload(running, tandem.CONFIG[program]([one.address, silent.address], health=check, upstream={"attempts": 1}))
    for _ in range(6):
        assert body(running.port()) == "one"


def test_many_reloads_under_load_fail_nothing(program, start, keep):
    one, two = keep(named("o").origin), keep(named("o").origin)
    upstream = {"keepalive": {"connections": 64, "idle": "1s"}} if program == "gateway" else {}
    both = tandem.CONFIG[program]([one.address, two.address], upstream=upstream, workers=2)
    single = tandem.CONFIG[program]([one.address], upstream=upstream, workers=2)
    running = start(program, both)
    reload(running, both)
    before = running.sockets()
    threads = len(os.listdir(f"/proc/{running.process.pid}/task"))

    def busy(load):
        with raw.Client(running.port()) as client:
            while not load.over:
                answer = client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").answer()
                assert answer is not None and answer.body == b"o", answer

    def coming_and_going(_):
        assert body(running.port()) == "o"

    memory = []
    with Load(*[busy] * CLIENTS, coming_and_going) as load:
        for round in range(RELOADS):
            reload(running, single if round % 2 == 0 else both)
            memory.append(running.resident_kib())
            time.sleep(EVERY)  # the run has a shape: so many in a minute
    print(f"\n{program}: {RELOADS} reloads, {sum(load.made)} visits, {memory[RELOADS // 10]} KiB after a tenth, {memory[-1]} KiB at the end")
    assert configuration(running)["generation"] == RELOADS + 2
    if BIG and not sanitized():
        assert memory[-1] <= 1.05 * memory[RELOADS // 10]
    wait_until(lambda: running.metric(f"{program}_server_in_flight") == 0, what="the end of all requests")
    assert len(os.listdir(f"/proc/{running.process.pid}/task")) == threads
    wait_until(lambda: running.sockets() <= before, what="the sockets of before")
