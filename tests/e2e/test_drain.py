"""TERM: who is being served is served to the end, who comes during the delay is served too, then the program ends."""
import threading

from origins import HttpOrigin, Origin, response
from raw import Client, get, proxy_v2, wait_until

REQUEST = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"


def draining(program):
    wait_until(lambda: program.admin("/readyz")[0] == 503, what="draining")
    return program.admin("/readyz")


def test_gateway_ends_keep_alive_connections_at_a_request_boundary(gateway):
    program = gateway([HttpOrigin()], drain_delay="1s")
    with Client(program.port()) as client:
        assert not client.send(REQUEST).answer().all("Connection")
        program.term()
        assert draining(program)[1].get("Gateway-State") == "draining"
        answer = client.send(REQUEST).answer()  # on the old connection
        assert answer.status == 200 and answer.header("Connection").lower() == "close" and client.ended()
        late = get(program.port())  # on a new one
        assert late.status == 200
    assert program.wait() == 0


def test_gateway_leaves_idle_connections_alone_until_the_delay_is_over(gateway):
    program = gateway([HttpOrigin()], drain_delay="500ms", drain="10s")
    with Client(program.port()) as client:
        client.send(REQUEST).answer()
        program.term()
        assert client.ended()  # closed by us, without a request, once the delay is over
    assert program.wait() == 0  # long before the drain's 10 s


def test_gateway_finishes_a_slow_answer(gateway):
    let_go = threading.Event()

    def answer(request):
        let_go.wait(20)
        return response(b"worth the wait")
    origin = HttpOrigin(answer)
    program = gateway([origin], drain="10s", defaults={"timeout": "20s"})
    with Client(program.port()) as client:
        client.send(REQUEST)
        wait_until(lambda: origin.requests)
        program.term()
        draining(program)
        let_go.set()
        answer = client.answer()
        assert answer.body == b"worth the wait" and answer.header("Connection").lower() == "close"
    assert program.wait() == 0


def test_gateway_tells_the_lbs_checks_that_it_drains(gateway):
    program = gateway([HttpOrigin()], listener={"proxy_protocol_from": ["127.0.0.1/32"]}, drain_delay="1s")
    program.term()
    draining(program)
    answer = get(program.port(), "/readyz", first=proxy_v2(command=0))
    assert answer.status == 503 and answer.header("Gateway-State") == "draining"
    assert program.wait() == 0


def test_gateway_breaks_off_what_outlasts_the_drain(gateway, keep):
    program = gateway([keep(Origin.silent())], drain="300ms", defaults={"timeout": "60s"})
    with Client(program.port()) as client:
        client.send(REQUEST)
        program.term()
        assert program.wait() == 0
        answer = client.answer()
        assert answer is None or answer.status >= 500


def test_lb_lets_connections_go_on_and_ends_with_the_last(lb, keep):
    program = lb([keep(Origin.echo())], drain="20s")
    with Client(program.port()) as client:
        assert client.send("before").receive(6) == b"before"
        program.term()
        draining(program)
        assert client.send("after").receive(5) == b"after"
        client.shutdown_write()
        assert client.read_all() == b""
    assert program.wait() == 0


def test_lb_still_accepts_during_the_delay(lb, keep):
    program = lb([keep(Origin.echo())], drain_delay="1s")
    program.term()
    draining(program)
    with Client(program.port()) as client:
        assert client.send("late").shutdown_write().read_all() == b"late"
    assert program.wait() == 0


def test_lb_ends_connections_that_outlast_the_drain(lb, keep):
    program = lb([keep(Origin.echo())], drain="300ms")
    with Client(program.port()) as client:
        client.send("x").receive(1)
        program.term()
        assert client.ended()
    assert program.wait() == 0


def test_a_second_term_ends_at_once(lb, keep):
    program = lb([keep(Origin.echo())], drain="10m", drain_delay="10m")
    with Client(program.port()) as client:
        client.send("x").receive(1)
        program.term()
        draining(program)
        program.term()
        assert program.wait() == 0


def test_term_with_nothing_to_do_ends_at_once(lb, gateway, keep):
    for program in (lb([keep(Origin.echo())], drain="10m"), gateway([HttpOrigin()], drain="10m")):
        program.term()
        assert program.wait() == 0


def test_a_reload_changes_how_long_a_drain_takes(lb, keep):
    program = lb([keep(Origin.echo())], drain="10m", drain_delay="10m")
    program.reload(program.config.read_text().replace('"10m"', '"100ms"'))
    with Client(program.port()) as client:
        client.send("x").receive(1)
        program.term()
        assert client.ended()
    assert program.wait() == 0
