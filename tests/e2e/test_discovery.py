"""Servers that DNS tells: they come and go without a failed connection, and bad answers take nobody away."""
import json
import re
import signal
import subprocess

import pytest
from certificates import Authority
from dns import DnsServer
from origins import HttpOrigin, Origin, response
from load import Load
from raw import Client, get, wait_until
from tandem import BIN, gateway_config, lb_config
from tls import TlsOrigin

NAME = "service.test"
FAST = {"check": "tcp", "every": "100ms"}
GET = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def dns(keep):
    return keep(DnsServer())


class Named(Origin):
    """Says its name to whoever connects, then echoes."""

    def __init__(self, name, port=0, host="127.0.0.1"):
        def behaviour(connection):
            connection.socket.sendall(name)
            while piece := connection.read():
                connection.socket.sendall(piece)
        super().__init__(behaviour, port, host)


def on_one_port(keep, count):
    """Servers on 127.0.0.1, 127.0.0.2, … with one port, as the addresses of a name have it."""
    first = keep(Named(b"1"))
    return [first] + [keep(Named(b"%d" % n, first.port, f"127.0.0.{n}")) for n in range(2, count + 1)]


def upstream_of(program):
    return json.loads(program.admin("/status")[2])["upstreams"][0]


def up(program):
    return [server["address"] for server in upstream_of(program)["servers"] if server["available"]]


def ask(program):
    """Who serves a new connection; nothing when nobody does."""
    with Client(program.port()) as client:
        return client.shutdown_write().read_all()


def asked_more(dns, times, kind="A"):
    before = dns.count(kind)
    wait_until(lambda: dns.count(kind) >= before + times, what=f"{times} more questions")


def start_lb(start, dns, source, health=None, wait=True, **more):
    return start("lb", lb_config(source, health=health or FAST, resolvers=[dns.address], **more), wait=wait)


def test_servers_come_and_go_without_a_failed_connection(start, dns, keep):
    port = on_one_port(keep, 3)[0].port
    dns.set(NAME, "A", "127.0.0.1")
    program = start_lb(start, dns, f"dns:{NAME}:{port}", workers=2)
    addresses = [f"127.0.0.{n}:{port}" for n in (1, 2, 3)]

    def visit(_):
        who = ask(program)
        assert who in (b"1", b"2", b"3"), who

    with Client(program.port()) as old, Load(visit, visit):
        assert old.receive(1) == b"1"
        dns.set(NAME, "A", "127.0.0.3", "127.0.0.1", "127.0.0.2")
        wait_until(lambda: up(program) == addresses, what="three servers")
        wait_until(lambda: {ask(program) for _ in range(6)} == {b"1", b"2", b"3"})
        dns.set(NAME, "A", "127.0.0.3")
        wait_until(lambda: up(program) == addresses[2:], what="one server")
        wait_until(lambda: {ask(program) for _ in range(6)} == {b"3"})
        # The connection to the server that is no more goes on.
        assert old.send("still here").receive(10) == b"still here"
    assert program.metric("lb_config_generation") == 1  # no other configuration


def test_requests_go_on_while_the_services_change(start, dns, keep):
    services = [HttpOrigin(lambda request: response(b"here")) for _ in range(3)]
    records = [(10, 1, service.port, f"s{n}.test") for n, service in enumerate(services)]
    for n in range(3):
        dns.set(f"s{n}.test", "A", "127.0.0.1")
    dns.set("_web._tcp.test", "SRV", records[0])
    program = start("gateway", gateway_config("srv:_web._tcp.test", health=FAST, resolvers=[dns.address], workers=2))

    def visit(_):
        with Client(program.port()) as client:
            assert client.send(GET).answer().body == b"here"

    with Load(visit, visit):
        dns.set("_web._tcp.test", "SRV", *records)
        wait_until(lambda: all(service.requests for service in services), what="a request at each")
        dns.set("_web._tcp.test", "SRV", records[2])
        wait_until(lambda: up(program) == [services[2].address], what="one service")


def test_while_dns_is_down_everybody_stays(start, dns, keep):
    port = on_one_port(keep, 2)[0].port
    dns.set(NAME, "A", "127.0.0.1", "127.0.0.2")
    program = start_lb(start, dns, f"dns:{NAME}:{port}")
    for mode in ("servfail", "refused", "garbage", "stranger", "lying", "cut"):
        dns.mode = mode
        asked_more(dns, 1)
        assert {ask(program) for _ in range(4)} == {b"1", b"2"}, mode
    wait_until(lambda: upstream_of(program)["discovery"]["error"], what="the error in /status")
    assert program.stderr.count("gives no answer") == 1
    dns.mode = "answer"
    wait_until(lambda: not upstream_of(program)["discovery"]["error"], 60, "an answer")
    dns.close()
    assert {ask(program) for _ in range(4)} == {b"1", b"2"}


@pytest.mark.parametrize("lie", ["empty", "nxdomain"])
def test_that_there_is_no_server_is_not_believed_at_once(start, dns, keep, lie):
    port = on_one_port(keep, 1)[0].port
    dns.set(NAME, "A", "127.0.0.1")
    program = start_lb(start, dns, f"dns:{NAME}:{port}")
    dns.mode = lie
    asked_more(dns, 2)
    assert ask(program) == b"1" and len(up(program)) == 1
    assert upstream_of(program)["discovery"]["error"]
    dns.mode = "answer"
    wait_until(lambda: not upstream_of(program)["discovery"]["error"], what="an answer")
    assert ask(program) == b"1"


def test_one_answer_without_a_server_does_not_take_it_away(start, dns, keep):
    port = on_one_port(keep, 2)[0].port
    dns.set(NAME, "A", "127.0.0.1", "127.0.0.2")
    dns.ttl = 3600
    program = start_lb(start, dns, f"dns:{NAME}:{port}")
    assert len(up(program)) == 2
    questions = dns.count()
    assert upstream_of(program)["discovery"] == {**upstream_of(program)["discovery"], "ttl_s": 3600, "error": None,
                                                 "source": f"dns:{NAME}:{port}"}
    assert {ask(program) for _ in range(4)} == {b"1", b"2"}
    assert dns.count() == questions, "within the time to live nobody is asked again"


def test_without_an_answer_the_program_starts_and_says_so_once(start, dns, keep):
    server = on_one_port(keep, 1)[0]
    dns.mode = "servfail"
    program = start_lb(start, dns, f"dns:{NAME}:{server.port}")
    assert ask(program) == b""
    assert upstream_of(program)["servers"] == [] and upstream_of(program)["discovery"]["last_answer"] is None
    assert program.stderr.count("has no server until there is one") == 1
    dns.set(NAME, "A", "127.0.0.1")
    dns.mode = "answer"
    wait_until(lambda: up(program) == [server.address], 60, "the server")
    assert ask(program) == b"1"


def test_a_name_server_that_is_silent_holds_the_start_up_for_seconds_only(start, dns):
    dns.mode = "silent"
    program = start_lb(start, dns, f"dns:{NAME}:9")
    assert ask(program) == b""


def test_a_term_while_the_first_answer_is_awaited_ends_the_program(start, dns):
    dns.mode = "silent"
    program = start_lb(start, dns, f"dns:{NAME}:9", wait=False)
    wait_until(lambda: dns.count(), what="a question")
    program.term()
    assert program.wait() == 0


def test_a_truncated_answer_is_asked_for_again_over_tcp(start, dns, keep):
    port = on_one_port(keep, 3)[0].port
    dns.mode = "truncated"
    dns.set(NAME, "A", "127.0.0.1", "127.0.0.2", "127.0.0.3", *[f"127.0.1.{n}" for n in range(1, 200)])
    program = start_lb(start, dns, f"dns:{NAME}:{port}")
    assert {"udp", "tcp"} <= {transport for _, _, transport in dns.asked}
    assert len(upstream_of(program)["servers"]) == 202
    assert len(up(program)) == 3


def test_addresses_of_both_families_through_an_alias_each_once(start, dns, keep):
    first = keep(Named(b"4"))
    second = keep(Named(b"6", first.port, "::1"))
    dns.set(NAME, "CNAME", "real.test")
    dns.set("real.test", "A", "127.0.0.1", "127.0.0.1")
    dns.set("real.test", "AAAA", "::1", "::", "ff02::1")
    program = start_lb(start, dns, f"dns:{NAME}:{first.port}")
    assert sorted(up(program)) == sorted([first.address, second.address])
    assert {ask(program) for _ in range(2)} == {b"4", b"6"}
    dns.modes["AAAA"] = "servfail"  # half an answer takes nobody away
    asked_more(dns, 3, "AAAA")
    assert len(up(program)) == 2


def test_priority_and_weight_of_services(start, dns, keep):
    heavy, light, backup = (keep(Named(name)) for name in (b"h", b"l", b"b"))
    dns.set("host.test", "A", "127.0.0.1")
    dns.set("_db._tcp.test", "SRV", (10, 3, heavy.port, "host.test"), (10, 1, light.port, "host.test"),
            (20, 5, backup.port, "host.test"), (20, 5, heavy.port, "host.test"), (5, 1, 80, "."))
    program = start_lb(start, dns, "srv:_db._tcp.test")
    seen = [ask(program) for _ in range(8)]
    assert seen.count(b"h") == 6 and seen.count(b"l") == 2
    heavy.close()
    light.close()
    wait_until(lambda: ask(program) == b"b", what="the backup")
    assert {s["address"]: (s["backup"], s["configured_weight"]) for s in upstream_of(program)["servers"]} == {
        heavy.address: (False, 3), light.address: (False, 1), backup.address: (True, 5)}


def test_a_server_that_stays_keeps_what_is_known_of_it(start, dns, keep):
    port = on_one_port(keep, 2)[0].port
    dns.set(NAME, "A", "127.0.0.1")
    program = start_lb(start, dns, f"dns:{NAME}:{port}")
    program.admin(f"/upstreams/servers/servers/127.0.0.1:{port}/drain", "POST")
    assert ask(program) == b""
    dns.set(NAME, "A", "127.0.0.1", "127.0.0.2")
    wait_until(lambda: up(program) == [f"127.0.0.2:{port}"], what="the second server")
    assert {ask(program) for _ in range(4)} == {b"2"}


def test_a_name_that_leads_back_to_the_program_is_no_loop(start, dns, keep):
    dns.mode = "servfail"
    program = start_lb(start, dns, f"dns:{NAME}:9")
    dns.set(NAME, "A", "127.0.0.1")
    dns.mode = "answer"
    text = program.config.read_text().replace(f"dns:{NAME}:9", f"dns:{NAME}:{program.port()}")
    program.reload(text)
    wait_until(lambda: "this program listens on" in program.stderr, what="the warning")
    assert upstream_of(program)["servers"] == []
    assert ask(program) == b""


def test_a_reload_to_a_name_keeps_the_servers_until_it_answers(start, dns, keep):
    port = on_one_port(keep, 2)[0].port
    dns.mode = "servfail"
    config = lb_config([f"127.0.0.1:{port}"], health=FAST, resolvers=[dns.address])
    program = start("lb", config)
    program.reload(config.replace(f'["127.0.0.1:{port}"]', f'"dns:{NAME}:{port}"'))
    assert ask(program) == b"1"
    dns.set(NAME, "A", "127.0.0.2")
    dns.mode = "answer"
    wait_until(lambda: up(program) == [f"127.0.0.2:{port}"], 60, "the discovered server")
    program.reload(config)
    wait_until(lambda: up(program) == [f"127.0.0.1:{port}"], what="the server of the file")
    questions = dns.count()
    assert ask(program) == b"1"
    assert "discovery" not in upstream_of(program) and dns.count() == questions


def test_tls_to_servers_of_a_name_asks_for_that_name(start, dns, keep, tmp_path):
    authority = Authority(tmp_path)
    service = keep(TlsOrigin("service", authority.issue(NAME)))
    dns.set(NAME, "A", "127.0.0.1")
    config = gateway_config(f"dns:{NAME}:{service.port}", upstream={"tls": {"verify": str(authority.file)}},
                            health={**FAST, "check": "tls"}, resolvers=[dns.address])
    program = start("gateway", config)
    assert get(program.port()).body == f"service {NAME} None \n".encode()
    assert up(program) == [service.address]


def test_the_quickest_start_takes_a_name_of_the_hosts_file(keep, tmp_path):
    server = keep(Named(b"1"))
    command = [BIN / "lb", "run", "--listen", "127.0.0.1:0", "--to", f"dns:localhost:{server.port}"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as program:
        lines = []
        while "ready" not in [line.strip() for line in lines]:
            lines.append(program.stderr.readline())
            assert lines[-1], lines
        port = next(int(match[1]) for line in lines if (match := re.search(r"listening .*:(\d+)$", line.strip())))
        with Client(port) as client:
            assert client.shutdown_write().read_all() == b"1"
        program.send_signal(signal.SIGTERM)
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0
