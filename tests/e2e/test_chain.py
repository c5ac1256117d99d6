"""Clients -> lb -> two gateways -> services: gateways that die or drain under load, and big transfers."""
import hashlib
import signal
import subprocess
import threading
import time

import pytest

from origins import HttpOrigin, free_port, response
from raw import Client
from tandem import BIG, gateway_config, sanitized

REQUESTS = 2000 if BIG else 400
SIZE = 2 * 1024 ** 3 if BIG else 64 * 1024 ** 2
SLOW_FOR = 60 if BIG else 1.5
LIMIT_KIB = 40 * 1024
CHECK = {"check": "http", "path": "/readyz", "every": "100ms", "timeout": "1s", "rise": 1, "fall": 2}


class Chain:
    def __init__(self, start, lb, servers, timeout="5s"):
        self.start, self.servers, self.timeout = start, servers, timeout
        self.ports = [free_port(), free_port()]
        self.gateways = [self.start_gateway(n) for n in (0, 1)]
        self.lb = lb([f"127.0.0.1:{port}" for port in self.ports], upstream={"proxy_protocol": "v2"}, health=CHECK)
        self.port = self.lb.port()

    def start_gateway(self, n):
        listener = {"name": f"gateway-{n + 1}", "listen": f"127.0.0.1:{self.ports[n]}", "proxy_protocol_from": ["127.0.0.1/32"]}
        return self.start("gateway", gateway_config(self.servers, listener=listener, drain="10s", drain_delay="1s",
                                                    defaults={"max_body": "none", "timeout": self.timeout}))


@pytest.fixture
def chain(start, lb):
    return lambda *servers, **keys: Chain(start, lb, [getattr(s, "address", s) for s in servers], **keys)


class Load:
    """`workers` threads that ask until `total` requests are done; every result is (began, reason or None, via)."""

    def __init__(self, port, total, workers=4, keep_alive=False):
        self.port, self.keep_alive = port, keep_alive
        self.left, self.lock, self.results = total, threading.Lock(), []
        self.threads = [threading.Thread(target=self._work) for _ in range(workers)]
        for thread in self.threads:
            thread.start()

    def _work(self):
        client = None
        while True:
            with self.lock:
                if self.left == 0:
                    break
                self.left -= 1
                number = self.left
            began = time.monotonic()
            try:
                answer, client = self._ask(client, f"/{number}")
                wrong = None if answer and answer.status == 200 and answer.body == b"/%d" % number else f"{answer}"
                via = answer.header("Via") if answer else None
            except (OSError, AssertionError, ValueError) as error:
                wrong, via, client = repr(error), None, None
            self.results.append((began, wrong, via))
        if client:
            client.close()

    def _ask(self, client, target):
        if client:  # one that resends when a reused connection closed before any byte of an answer
            try:
                if answer := client.send(self._request(target)).answer():
                    return answer, self._keep(client, answer)
            except ConnectionError:
                pass
            client.close()
        client = Client(self.port)
        answer = client.send(self._request(target)).answer()
        return answer, self._keep(client, answer)

    def _keep(self, client, answer):
        if self.keep_alive and answer and (answer.header("Connection") or "").lower() != "close":
            return client
        client.close()
        return None

    def _request(self, target):
        return f"GET {target} HTTP/1.1\r\nHost: x\r\n{'' if self.keep_alive else 'Connection: close' + chr(13) + chr(10)}\r\n"

    def reached(self, count):
        while len(self.results) < count and any(thread.is_alive() for thread in self.threads):
            time.sleep(0.002)

    def finish(self):
        for thread in self.threads:
            thread.join()
        return self.results


def test_requests_go_over_both_gateways(chain):
    results = Load(chain(HttpOrigin()).port, 40).finish()
    assert not [wrong for _, wrong, _ in results if wrong]
    assert {via.split(".")[1] for _, _, via in results} == {"1 gateway-1", "1 gateway-2"}


def test_one_id_joins_the_logs_of_lb_gateway_and_service(chain):
    origin = HttpOrigin()
    chain = chain(origin)
    Load(chain.port, 1, workers=1).finish()
    connection = chain.lb.access_log(count=1)[0]["id"]
    assert origin.requests[0].header("X-Request-Id") == f"{connection}-1"
    lines = [line for gateway in chain.gateways for line in gateway.access_log() if line["path"] == "/0"]
    assert [line["id"] for line in lines] == [f"{connection}-1"]


def test_a_gateway_killed_under_load_costs_only_what_it_was_doing(chain):
    chain = chain(HttpOrigin())
    load = Load(chain.port, REQUESTS)
    load.reached(REQUESTS // 4)
    chain.gateways[0].kill()
    dead = time.monotonic()
    load.reached(REQUESTS // 2)
    chain.start_gateway(0)
    results = load.finish()
    failed = [(began, wrong) for began, wrong, _ in results if wrong]
    assert len(results) == REQUESTS
    assert not [wrong for began, wrong in failed if began >= dead]
    assert len(failed) <= 4, failed  # one a worker


@pytest.mark.parametrize("keep_alive", [False, True], ids=["new connections", "keep-alive"])
def test_a_gateway_stopped_with_term_under_load_costs_nothing(chain, keep_alive):
    chain = chain(HttpOrigin())
    load = Load(chain.port, REQUESTS, keep_alive=keep_alive)
    load.reached(REQUESTS // 4)
    chain.gateways[0].term()
    assert chain.gateways[0].wait() == 0
    chain.start_gateway(0)
    results = load.finish()
    assert len(results) == REQUESTS
    assert not [wrong for _, wrong, _ in results if wrong]


def test_the_load_still_goes_on_while_the_stopped_gateway_drains(chain):
    """As above with a load that lasts longer than the drain: it is asked until the gateway has gone."""
    chain = chain(HttpOrigin())
    load = Load(chain.port, 10 ** 9, keep_alive=True)
    load.reached(50)
    chain.gateways[1].process.send_signal(signal.SIGTERM)
    assert chain.gateways[1].wait() == 0
    load.reached(len(load.results) + 50)
    load.left = 0
    assert not [wrong for _, wrong, _ in load.finish() if wrong]


# Big transfers.

def expected_sha256(size):
    import sys
    from tandem import ROOT
    sys.path.insert(0, str(ROOT / "tests/services"))
    from service import content
    digest = hashlib.sha256()
    for block in content(size):
        digest.update(block)
    return digest.hexdigest()


def within_memory(chain):
    if not sanitized():
        for program in (chain.lb, *chain.gateways):
            assert program.peak_kib() < LIMIT_KIB, f"{program.name}: {program.peak_kib()} KiB"


def test_a_big_download_is_identical_and_takes_no_memory(chain, service):
    chain = chain(f"127.0.0.1:{service('catalog', 'catalog-1')}")
    with Client(chain.port, timeout=300) as client:
        client.send(f"GET /download?bytes={SIZE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b" 200 " in client.read_until(b"\r\n\r\n").split(b"\r\n")[0] + b" "
        digest, left = hashlib.sha256(), SIZE
        slow_until = time.monotonic() + SLOW_FOR
        while left and (piece := client.receive(min(left, 10_000 if time.monotonic() < slow_until else 1 << 20))):
            digest.update(piece)
            left -= len(piece)
            if time.monotonic() < slow_until:
                time.sleep(0.1)  # 100 KB/s
    assert left == 0 and digest.hexdigest() == expected_sha256(SIZE)
    within_memory(chain)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_big_upload_is_identical_and_takes_no_memory(chain, service, tmp_path, framing):
    chain = chain(f"127.0.0.1:{service('catalog', 'catalog-1')}")
    from tandem import ROOT
    make = f"import sys; sys.path.insert(0, '{ROOT}/tests/services'); from service import content\n" \
           f"for block in content({SIZE}): sys.stdout.buffer.write(block)"
    source = subprocess.Popen(["/usr/bin/python3", "-c", make], stdout=subprocess.PIPE)
    framed = ["-H", f"Content-Length: {SIZE}", "-H", "Transfer-Encoding:"] if framing == "length" else []
    ended = subprocess.run(["curl", "-sS", "-T", "-", *framed, f"http://127.0.0.1:{chain.port}/upload"],
                           stdin=source.stdout, capture_output=True, text=True, timeout=600)
    assert source.wait() == 0 and ended.returncode == 0, ended.stderr
    assert f'"bytes": {SIZE}, "sha256": "{expected_sha256(SIZE)}"' in ended.stdout
    within_memory(chain)


def test_a_service_that_reads_slowly_holds_the_client_back(chain):
    hold = threading.Event()

    def answer(request):
        return response(b"%d" % len(request.body))
    origin = HttpOrigin(answer)
    original = origin.origin.behaviour
    origin.origin.behaviour = lambda connection: (hold.wait(30), original(connection))
    chain = chain(origin, timeout="60s")
    size = 160 * 1024 ** 2  # more than three sockets with receive buffers of 32 MiB, and what is sent to them, can hold
    with Client(chain.port, timeout=60) as client:
        client.send(f"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n")
        client.socket.settimeout(1)
        sent = 0
        try:
            while sent < size:
                sent += client.socket.send(b"x" * min(65536, size - sent))
        except TimeoutError:
            pass
        assert sent < size, "everything was taken from the client while the service read nothing"
        hold.set()
        client.socket.settimeout(60)
        client.send(b"x" * (size - sent))
        assert client.answer().body == b"%d" % size
    within_memory(chain)
