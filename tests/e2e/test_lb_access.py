"""Who may come to a listener of lb, and how much of it one source may have: allow_from, deny_from, per_source."""
import pytest

from origins import Origin
from raw import Client, proxy_v2, wait_until

LISTED = {"proxy_protocol_from": ["127.0.0.1"]}


@pytest.fixture
def origin(keep):
    return keep(Origin.echo())


def is_served(program, **how):
    """Whether what the client says comes back. A refused connection may be reset while it is being written to."""
    with Client(program.port(), **how) as client:
        try:
            client.send("hello").shutdown_write()
            return client.read_all() == b"hello"
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            return False


def refusals(program, end):
    return program.metric("lb_connections_total", result=end)


def test_the_longest_prefix_decides_on_the_peer(lb, origin):
    program = lb([origin], listener={"allow_from": ["127.0.0.0/8"], "deny_from": ["127.0.0.0/30"]})
    assert not is_served(program)
    program.reload(program.config.read_text().replace('"127.0.0.0/8"', '"127.0.0.1/32"'))
    assert is_served(program)


def test_who_is_refused_is_counted_logged_and_reaches_no_server(lb, origin):
    program = lb([origin], listener={"deny_from": ["127.0.0.1"]})
    for _ in range(5):
        assert not is_served(program)
    assert refusals(program, "forbidden") == 5
    lines = program.access_log(count=5)
    assert {line["end"] for line in lines} == {"forbidden"} and all("127.0.0.1:" in line["client"] for line in lines)
    assert all(line.get("server") in (None, "") for line in lines)
    assert not origin.connections
    wait_until(lambda: "(forbidden)" in program.stderr)
    assert program.stderr.count("(forbidden)") < 5  # once a second


def test_the_announced_client_is_who_counts_not_the_peer(lb, origin):
    program = lb([origin], listener={**LISTED, "allow_from": ["192.0.2.0/24", "2001:db8::/32"], "deny_from": ["192.0.2.8"]})
    assert is_served(program, first=proxy_v2(("192.0.2.7", 4711)))
    assert is_served(program, first=proxy_v2(("2001:db8::7", 4711), ("2001:db8::1", 80)))
    assert not is_served(program, first=proxy_v2(("192.0.2.8", 4711)))
    assert not is_served(program, first=proxy_v2(("198.51.100.1", 4711)))
    assert not is_served(program, first=proxy_v2(command=0))  # LOCAL: the peer is the client
    ended = program.access_log(count=5)
    assert [line["client"] for line in ended if line["end"] == "forbidden"][:2] == ["192.0.2.8:4711", "198.51.100.1:4711"]


def test_a_list_of_thousands_is_taken(lb, origin):
    deny = [f"10.{i // 250}.{i % 250}.0/24" for i in range(5000)]
    program = lb([origin], listener={**LISTED, "deny_from": deny})
    assert not is_served(program, first=proxy_v2(("10.19.249.255", 1)))
    assert is_served(program, first=proxy_v2(("10.20.0.0", 1)))


def test_one_source_has_so_many_connections_over_all_workers(lb, origin):
    program = lb([origin], workers=2, listener={**LISTED, "per_source": {"connections": 3}})
    held = [Client(program.port(), first=proxy_v2(("192.0.2.7", port))).send("x") for port in range(1, 4)]
    for client in held:
        assert client.receive(1) == b"x"
    for port in range(10, 20):
        assert not is_served(program, first=proxy_v2(("192.0.2.7", port)))
    assert is_served(program, first=proxy_v2(("192.0.2.8", 1)))
    assert refusals(program, "too_many_connections") == 10
    held.pop().close()
    wait_until(lambda: is_served(program, first=proxy_v2(("192.0.2.7", 30))))
    for client in held:
        client.close()


def test_one_source_connects_at_a_rate(lb, origin):
    program = lb([origin], workers=2, listener={**LISTED, "per_source": {"rate": "3/h"}})
    assert [is_served(program, first=proxy_v2(("2001:db8::7", port), ("2001:db8::1", 80))) for port in (1, 2)] == [True, False]
    assert not is_served(program, first=proxy_v2(("2001:db8::8", 1), ("2001:db8::1", 80)))  # of the same /64
    assert is_served(program, first=proxy_v2(("2001:db8:0:1::7", 1), ("2001:db8::1", 80)))
    assert refusals(program, "rate_limited") == 2
    assert "rate_limited" in program.stderr


def test_a_reload_forgets_neither_what_is_open_nor_what_was_taken(lb, origin):
    program = lb([origin], listener={"per_source": {"connections": 2, "rate": "3/min"}})
    with Client(program.port()) as held:
        held.send("x")
        assert held.receive(1) == b"x"
        program.reload(program.config.read_text().replace("connections = 2", "connections = 1"))
        assert not is_served(program)
        assert refusals(program, "too_many_connections") == 1
    program.reload(program.config.read_text().replace("connections = 1", 'connections = "none"'))
    assert not is_served(program)
    assert refusals(program, "rate_limited") == 1
    program.reload(program.config.read_text().replace('"3/min"', '"none"'))
    assert is_served(program)
