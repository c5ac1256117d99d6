"""lb chooses a server: in turn, past those that refuse, past those that their checks call down."""
import json
import socket

from origins import HttpOrigin, Origin, RefusingPort, response
from raw import Client, parse_proxy_v2, wait_until

FAST = {"check": "http", "path": "/readyz", "every": "50ms", "timeout": "1s", "rise": 2, "fall": 2}


def served_by(port):
    with Client(port) as client:
        return client.send("GET /who HTTP/1.1\r\nHost: x\r\n\r\n").answer().body


def named(name, state):
    """A service that says its name; its check answers state["readyz"]."""
    def answer(request):
        return state["readyz"] if request.target == "/readyz" else response(name)
    return HttpOrigin(answer)


def test_connections_go_round_exactly(lb, keep):
    origins = [keep(Origin.says(b"%d" % n)) for n in range(3)]
    port = lb(origins).port()
    seen = []
    for _ in range(12):
        with Client(port) as client:
            seen.append(client.read_all())
    assert sorted(seen[:3]) == [b"0", b"1", b"2"] and seen == seen[:3] * 4


def test_a_server_that_refuses_costs_an_attempt_and_not_the_connection(lb, keep):
    origin, refusing = keep(Origin.says(b"here")), keep(RefusingPort())
    program = lb([refusing, origin])
    for _ in range(10):
        with Client(program.port()) as client:
            assert client.read_all() == b"here"
    entries = program.access_log(count=10)
    assert {entry["server"] for entry in entries} == {origin.address}
    assert {entry["attempts"] for entry in entries} <= {1, 2} and any(entry["attempts"] == 2 for entry in entries)


def test_a_server_that_does_not_answer_the_connect_is_left_for_the_next(lb, keep):
    with socket.socket() as full:  # its queue is full: the kernel drops further SYNs
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        origin = keep(Origin.says(b"here"))
        program = lb(["127.0.0.1:%d" % full.getsockname()[1], origin], listener={"timeout": {"connect": "200ms"}})
        for _ in range(2):
            with Client(program.port()) as client:
                assert client.read_all() == b"here"
        for filler in fillers:
            filler.close()


def test_when_every_server_refuses_the_client_is_closed_at_once(lb, keep):
    program = lb([keep(RefusingPort()), keep(RefusingPort())])
    for _ in range(5):
        with Client(program.port(), timeout=5) as client:
            assert client.ended()
    entries = program.access_log(count=5)
    assert all(entry["bytes_out"] == 0 for entry in entries)


def test_a_server_whose_check_fails_gets_nothing_until_it_is_well_again(lb, keep):
    good, state = {"readyz": response()}, {"readyz": response()}
    a, b = named(b"a", good), named(b"b", state)
    program = lb([a, b], health=FAST)
    assert {served_by(program.port()) for _ in range(2)} == {b"a", b"b"}
    state["readyz"] = response(status=500)
    wait_until(lambda: program.metric("lb_server_up", server=b.address) == 0, what="b down")
    assert {served_by(program.port()) for _ in range(4)} == {b"a"}
    state["readyz"] = response()
    wait_until(lambda: program.metric("lb_server_up", server=b.address) == 1, what="b up")
    assert {served_by(program.port()) for _ in range(4)} == {b"a", b"b"}


def test_a_gateway_that_says_it_drains_is_left_at_once(lb, keep):
    state = {"readyz": response()}
    a, b = named(b"a", {"readyz": response()}), named(b"b", state)
    program = lb([a, b], health={**FAST, "fall": 1000})
    assert {served_by(program.port()) for _ in range(2)} == {b"a", b"b"}
    state["readyz"] = response(status=503, headers="Gateway-State: draining\r\n")
    seen = len(b.requests)
    wait_until(lambda: len(b.requests) > seen + 1, what="a check of b")
    assert {served_by(program.port()) for _ in range(4)} == {b"a"}


def test_a_server_that_is_down_at_boot_is_known_before_the_first_client(lb, keep):
    program = lb([keep(RefusingPort()), keep(Origin.says(b"here"))], health={"check": "tcp", "every": "10s"})
    for _ in range(4):
        with Client(program.port()) as client:
            assert client.read_all() == b"here"
    assert {entry["attempts"] for entry in program.access_log(count=4)} == {1}


def test_checks_announce_themselves_as_local_where_the_server_wants_a_header(lb, keep):
    origin = keep(Origin(lambda connection: (connection.read(), connection.socket.sendall(response()))))
    lb([origin], upstream={"proxy_protocol": "v2"}, health=FAST)
    wait_until(lambda: len(origin.connections) > 2)
    header = parse_proxy_v2(origin.connections[0].received)
    assert header.command == 0
    assert origin.connections[0].received[header.size:].startswith(b"GET /readyz HTTP/1.1\r\n")


def test_the_admin_address_tells_the_state(lb, keep):
    origin, refusing = keep(Origin.echo()), keep(RefusingPort())
    program = lb([origin, refusing], health={"check": "tcp", "every": "50ms"})
    assert program.admin("/livez")[0] == 200 and program.admin("/readyz")[0] == 200
    assert program.admin("/nothing")[0] == 404
    status = json.loads(program.admin("/status")[2])
    text = json.dumps(status)
    assert origin.address in text and refusing.address in text and '"front"' in text
    from prometheus_client.parser import text_string_to_metric_families
    with Client(program.port()) as client:
        client.send("x").shutdown_write()
        client.read_all()
    program.access_log(count=1)
    samples = {(s.name, s.labels.get("server")): s.value
               for family in text_string_to_metric_families(program.admin("/metrics")[2]) for s in family.samples}
    assert samples["lb_server_up", origin.address] == 1 and samples["lb_server_up", refusing.address] == 0
    assert samples["lb_connections_total", origin.address] == 1
