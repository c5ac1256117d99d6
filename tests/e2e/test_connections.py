"""GET /connections of lb: the newest and the slowest, each with where it stands."""
import json

import pytest
from origins import Origin, RefusingPort
from raw import Client, wait_until


def connections(program, query=""):
    status, _, body = program.admin("/connections" + query)
    assert status == 200, body
    return json.loads(body)


def found(program, client, where="newest"):
    """What is told of this client; waits until it is there."""
    address = "%s:%d" % client.address[:2]
    def look():
        return next((one for one in connections(program)[where] if one["client"] == address), None)
    return wait_until(look, what=f"{address} among the {where}")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_newest_come_first_with_what_they_have_done(lb, keep, workers):
    origin = keep(Origin.echo())
    program = lb([origin], workers=workers)
    clients = []
    for size in (3, 5, 7):
        clients.append(Client(program.port()))
        assert clients[-1].send("x" * size).receive(size)
    told = connections(program)
    assert told["open"] == 3 and told["looked_at"] == 3 and told["slowest"] == []
    assert [one["client"] for one in told["newest"]] == ["127.0.0.1:%d" % c.address[1] for c in reversed(clients)]
    assert [one["bytes_in"] for one in told["newest"]] == [one["bytes_out"] for one in told["newest"]] == [7, 5, 3]
    first = told["newest"][-1]
    assert (first["listener"], first["upstream"], first["server"]) == ("front", "servers", origin.address)
    assert first["phase"] == "open" and first["attempts"] == 1 and first["waiting_ms"] == 0
    assert first["age_ms"] >= first["first_byte_ms"] >= first["connect_ms"] >= 0
    ids = [one["id"] for one in told["newest"]]
    for client in clients:
        client.close()
    assert sorted(entry["id"] for entry in program.access_log(count=3)) == sorted(ids)
    assert connections(program) == {"open": 0, "looked_at": 0, "newest": [], "slowest": []}


def test_who_waits_for_an_answer_is_slow_the_longest_first(lb, keep):
    program = lb([keep(Origin.silent())])
    with Client(program.port()) as early, Client(program.port()) as late, Client(program.port()) as quiet:
        early.send("a question")
        found(program, early, "slowest")
        late.send("another")
        found(program, late, "slowest")
        found(program, quiet)
        slowest = connections(program)["slowest"]
        assert [one["client"].rsplit(":")[1] for one in slowest] == [str(c.address[1]) for c in (early, late)]
        assert slowest[0]["waiting_ms"] > slowest[1]["waiting_ms"] > 0 and slowest[0]["first_byte_ms"] is None


def test_the_phases_of_a_connection_that_is_being_set_up(start, lb, keep):
    origin = keep(Origin.echo())
    awaits_header = lb([origin], listener={"proxy_protocol_from": ["127.0.0.1/32"]})
    with Client(awaits_header.port()) as client:
        one = found(awaits_header, client, "slowest")
        assert one["phase"] == "proxy_header" and one["server"] is None and one["waiting_ms"] > 0
        assert client.send("PROXY TCP4 192.0.2.7 192.0.2.8 5 6\r\nhi").receive(2) == b"hi"
        assert connections(awaits_header)["newest"][0]["client"] == "192.0.2.7:5"
    full = lb([{"address": origin.address, "max_connections": 1}], upstream={"queue": {"size": 5}})
    with Client(full.port()) as served, Client(full.port()) as queued:
        assert served.send("x").receive(1) == b"x"
        one = found(full, queued, "slowest")
        assert one["phase"] == "queue" and one["upstream"] == "servers"
        served.shutdown_write()
        served.read_all()
        served.close()
        wait_until(lambda: found(full, queued)["phase"] == "open", what="the one that waited")


def test_a_connection_with_one_side_ended_says_so(lb, keep):
    def goes_on(connection):
        connection.read_all()
        connection.closed.wait(20)
    program = lb([keep(Origin(goes_on))])
    with Client(program.port()) as client:
        client.send("all").shutdown_write()
        wait_until(lambda: found(program, client)["phase"] == "half_closed", what="the phase")


def test_the_answer_is_bounded_and_the_limit_is_checked(lb, keep):
    program = lb([keep(Origin.echo())], workers=2)
    clients = [Client(program.port()) for _ in range(120)]
    wait_until(lambda: connections(program)["open"] == 120, what="all of them")
    assert len(connections(program)["newest"]) == 50
    assert len(connections(program, "?limit=7")["newest"]) == 7
    assert len(connections(program, "?limit=1000")["newest"]) == 120
    for wrong in ("?limit=0", "?limit=1001", "?limit=", "?limit=x", "?limit=-1", "?newest=5", "?limit=99999999999999999999999"):
        status, _, body = program.admin("/connections" + wrong)
        assert status == 400 and json.loads(body)["reason"] == "bad_request", wrong
    for client in clients:
        client.close()


def test_round_trips_and_retransmits_are_told_of_both_sides(lb, keep):
    program = lb([keep(Origin.echo())], listener={"tcp_info": True})
    with Client(program.port()) as client:
        assert client.send("x").receive(1)
        told = found(program, client)
        for side in ("client_tcp", "server_tcp"):
            assert 0 < told[side]["rtt_ms"] < 10_000 and told[side]["retransmits"] >= 0
    [line] = program.access_log(count=1)
    assert list(line)[-4:] == ["client_rtt_ms", "client_retransmits", "server_rtt_ms", "server_retransmits"]
    assert line["client_rtt_ms"] > 0 and line["server_rtt_ms"] > 0 and line["client_retransmits"] >= 0


def test_who_reached_no_server_has_no_round_trips_to_tell(lb, keep):
    program = lb([keep(RefusingPort())], listener={"tcp_info": True})
    with Client(program.port()) as client:
        assert client.read_all() == b""
    [line] = program.access_log(count=1)
    assert line["client_rtt_ms"] is None and line["server_retransmits"] is None
