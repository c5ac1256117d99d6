"""lb passes bytes on: all of them, in order, both ways at once, ends and resets included."""
import hashlib
import threading

import pytest

from origins import Origin
from raw import Client, wait_until
from tandem import sanitized, section

MIB = 1024 * 1024


def text(size):
    return hashlib.shake_256(b"relay").digest(size)


@pytest.mark.parametrize("size", [0, 1, 65536, 5 * MIB + 3])
def test_what_is_sent_comes_back(lb, keep, size):
    origin = keep(Origin.echo())
    with Client(lb([origin]).port()) as client:
        sent = text(size)
        sender = threading.Thread(target=lambda: client.send(sent).shutdown_write())
        sender.start()
        assert client.read_all() == sent
        sender.join()


def test_many_small_writes_stay_in_order(lb, keep):
    origin = keep(Origin.echo())
    with Client(lb([origin]).port()) as client:
        for n in range(300):
            client.send(b"%d;" % n)
            assert client.read_until(b";") == b"%d;" % n


def test_the_clients_end_is_passed_on_and_the_answer_still_comes(lb, keep):
    def behaviour(connection):
        connection.socket.sendall(b"heard " + connection.read_all())
    origin = keep(Origin(behaviour))
    with Client(lb([origin]).port()) as client:
        assert client.send("last words").shutdown_write().read_all() == b"heard last words"


def test_the_servers_end_is_passed_on_and_the_client_may_go_on(lb, keep):
    origin = keep(Origin.says(b"greetings"))
    with Client(lb([origin]).port()) as client:
        assert client.read_all() == b"greetings"
        for _ in range(10):
            client.send(b"x" * 1000)
        client.shutdown_write()
        assert wait_until(lambda: origin.connections[0].ended.is_set()) and origin.connections[0].received == b"x" * 10000


def test_a_server_that_speaks_first_is_heard(lb, keep):
    origin = keep(Origin.says(b"220 ready\r\n"))
    with Client(lb([origin]).port()) as client:
        assert client.read_until(b"\n") == b"220 ready\r\n"


def test_a_slow_reader_holds_the_server_back_and_loses_nothing(lb, keep):
    size, sent, told = 48 * MIB, text(MIB), threading.Event()
    progress = [0]

    def behaviour(connection):
        for _ in range(size // MIB):
            connection.socket.sendall(sent)
            progress[0] += MIB
        told.set()
    origin = keep(Origin(behaviour))
    program = lb([origin])
    with Client(program.port(), receive_buffer=64 * 1024) as client:
        client.receive(1)
        seen = -1
        while seen != progress[0]:  # until the server stands still
            seen = progress[0]
            told.wait(0.5)
        assert not told.is_set(), "the server could send everything to a client that read nothing"
        count, digest = 1, hashlib.sha256()
        while piece := client.receive(MIB):
            digest.update(piece)
            count += len(piece)
    assert count == size
    whole = hashlib.sha256()
    stream = sent * (size // MIB)
    whole.update(stream[1:])
    assert digest.digest() == whole.digest()
    if not sanitized():
        assert program.peak_kib() < 40 * 1024


def test_a_reset_by_the_server_reaches_the_client_as_a_reset(lb, keep):
    origin = keep(Origin.resetting())
    with Client(lb([origin]).port()) as client:
        client.send("x")
        with pytest.raises(ConnectionResetError):
            client.socket.recv(1)


def test_a_reset_by_the_client_reaches_the_server_as_a_reset(lb, keep):
    origin = keep(Origin.silent())
    client = Client(lb([origin]).port()).send("x")
    wait_until(lambda: origin.connections and origin.connections[0].received)
    client.reset()
    assert wait_until(lambda: origin.connections[0].error, what="a reset") and \
        isinstance(origin.connections[0].error, ConnectionResetError)


def test_an_idle_connection_ends_after_its_time(lb, keep):
    origin = keep(Origin.silent())
    with Client(lb([origin], listener={"timeout": {"idle": "300ms"}}).port()) as client:
        client.send("x")
        assert client.ended()
        assert wait_until(lambda: origin.connections[0].closed.is_set())


def test_half_closed_ends_after_its_own_time(lb, keep):
    stop = threading.Event()
    origin = keep(Origin(lambda connection: (connection.read_all(), stop.wait(20))))
    with Client(lb([origin], listener={"timeout": {"half_closed": "300ms"}}).port()) as client:
        client.send("x").shutdown_write()
        assert client.ended()
    stop.set()


def test_hundreds_of_connections_at_once_do_not_mix(lb, keep):
    origin = keep(Origin.echo())
    program = lb([origin])
    clients = [Client(program.port()) for _ in range(300)]
    for n, client in enumerate(clients):
        client.send(b"client %d\n" % n)
    for n, client in enumerate(clients):
        assert client.read_until(b"\n") == b"client %d\n" % n
        client.close()
    wait_until(lambda: program.metric("lb_connections_active") == 0)
    assert len(program.access_log(count=300)) == 300


def test_two_listeners_keep_to_their_upstreams(start, keep):
    from tandem import common
    one, two = keep(Origin.says(b"one")), keep(Origin.says(b"two"))
    config = common() + "".join(
        section("[[listener]]", name=name, listen="127.0.0.1:0", upstream=name)
        + section(f"[upstream.{name}]", servers=[origin.address]) for name, origin in (("a", one), ("b", two)))
    program = start("lb", config)
    for name, expected in (("a", b"one"), ("b", b"two")):
        with Client(program.port(name)) as client:
            assert client.read_all() == expected


def test_a_line_in_the_access_log_tells_the_connection(lb, keep):
    origin = keep(Origin.echo())
    program = lb([origin])
    with Client(program.port()) as client:
        client.send("hello").shutdown_write()
        assert client.read_all() == b"hello"
        address = "%s:%d" % client.address
    entry = program.access_log(count=1)[0]
    expected = {"listener": "front", "client": address, "upstream": "servers", "server": origin.address, "attempts": 1,
                "bytes_in": 5, "bytes_out": 5}
    assert {key: entry[key] for key in expected} == expected
    for key in ("time", "id", "connect_ms", "first_byte_ms", "duration_ms", "end"):
        assert entry[key] not in (None, "")


def test_bytes_are_counted_while_the_connection_is_open(lb, keep):
    origin = keep(Origin.echo())
    program = lb([origin], upstream={"proxy_protocol": "off"})
    with Client(program.port()) as client:
        for total in (1000, 2000):
            assert len(client.send(b"x" * 1000).receive(1000)) == 1000
            for direction in ("in", "out"):
                labels = {"server": origin.address, "direction": direction}
                wait_until(lambda: program.metric("lb_bytes_total", **labels) == total)
    program.access_log(count=1, bytes_in=2000, bytes_out=2000)
    assert program.metric("lb_bytes_total", server=origin.address, direction="in") == 2000
