"""`breaker`: a service that fails is given a rest, then tried with one request, and comes back when that is answered."""
import json
import threading

from origins import HttpOrigin, response
from raw import Client, get, wait_until

GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Moody:
    """An HTTP service whose status is set from outside."""

    def __init__(self):
        self.status, self.go = 500, None
        self.origin = HttpOrigin(self.answer)
        self.address = self.origin.address

    @property
    def count(self):
        return len(self.origin.requests)

    def answer(self, request):
        if self.go:
            assert self.go.wait(20)
        return response(b"it", status=self.status)


def breaker(**more):
    return {"breaker": {"failures": "50%", "of_at_least": 4, "within": "10s", "open_for": "60s", **more}}


def state(program):
    found = json.loads(program.admin("/status")[2])["breakers"]
    return found[0]["state"] if found else None


def metric_states(program):
    return [program.metric("gateway_upstream_breaker_state", upstream="service", state=name)
            for name in ("closed", "half_open", "open")]


def logged(program):
    return [line.split("the breaker is ")[1].split(":")[0] for line in program.stderr.splitlines() if "the breaker is " in line]


def test_an_open_breaker_refuses_at_once_and_says_when_to_come_back(gateway):
    service = Moody()
    program = gateway([service], upstream=breaker())
    with Client(program.port()) as client:
        assert state(program) == "closed" and metric_states(program) == [1, 0, 0]
        assert [client.send(GET).answer().status for _ in range(4)] == [500] * 4
        for _ in range(3):
            refused = client.send(GET).answer()
            assert refused.status == 503 and b'"reason":"breaker_open"' in refused.body
            assert 1 <= int(refused.header("Retry-After")) <= 60
    assert service.count == 4 and state(program) == "open" and metric_states(program) == [0, 0, 1]
    assert logged(program) == ["open for 60 s"]
    assert program.metric("gateway_refused_total", reason="breaker_open") == 3
    line = program.access_log(count=3, reason="breaker_open")[0]
    assert line["upstream"] == "service" and line["attempts"] == 0 and line["server"] is None


def test_one_request_decides_when_the_rest_is_over(gateway):
    service = Moody()
    program = gateway([service], upstream=breaker(open_for="1500ms"))
    with Client(program.port()) as client, Client(program.port()) as other:
        for _ in range(4):
            client.send(GET).answer()
        wait_until(lambda: state(program) == "half_open")
        assert client.send(GET).answer().status == 500  # the trial
        assert client.send(GET).answer().status == 503
        wait_until(lambda: state(program) == "half_open")
        service.status, service.go = 200, threading.Event()
        before = service.count
        client.send(GET)
        wait_until(lambda: service.count == before + 1)
        assert other.send(GET).answer().status == 503  # one at a time
        service.go.set()
        assert client.answer().status == 200 and other.send(GET).answer().status == 200
    assert state(program) == "closed"
    assert logged(program) == ["open for 1.5 s", "half open", "open for 1.5 s", "half open", "closed"]


def test_a_client_that_leaves_the_trial_decides_nothing(gateway):
    service = Moody()
    program = gateway([service], upstream=breaker(open_for="100ms"))
    with Client(program.port()) as client:
        for _ in range(4):
            client.send(GET).answer()
        wait_until(lambda: state(program) == "half_open")
        service.status, service.go = 200, threading.Event()
        leaving = Client(program.port()).send(GET)
        wait_until(lambda: service.count == 5)
        leaving.reset()
        program.access_log(count=1, reason="client_closed")
        service.go.set()
        assert state(program) == "half_open"
        assert client.send(GET).answer().status == 200


def test_what_a_retry_has_mended_is_no_failure(gateway):
    bad, good = Moody(), HttpOrigin()
    bad.status = 503
    program = gateway([bad, good], upstream={**breaker(), "retry": {"times": 1, "budget": "100%"}})
    with Client(program.port()) as client:
        assert [client.send(GET).answer().status for _ in range(12)] == [200] * 12
    assert bad.count == 6 and state(program) == "closed"


def test_a_reload_leaves_the_breaker_as_it_is(gateway):
    service = Moody()
    program = gateway([service], upstream=breaker())
    with Client(program.port()) as client:
        for _ in range(4):
            client.send(GET).answer()
    text = program.config.read_text()
    program.reload(text.replace('timeout = "5s"', 'timeout = "6s"', 1))
    assert state(program) == "open" and get(program.port()).status == 503
    program.reload("\n".join(line for line in text.splitlines() if not line.startswith("breaker")))
    assert state(program) is None and get(program.port()).status == 500
