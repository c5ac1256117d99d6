"""At a limit, of connections or of file descriptors: accepting pauses and goes on, with a warning, and never as a busy
loop; who comes waits, and over a reload too."""
import threading
import time

import pytest

from origins import HttpOrigin, Origin, free_port, response
from raw import Client, ask, wait_until
from tandem import gateway_config, lb_config, section

LIMIT = 64


@pytest.mark.parametrize("kind", ["lb", "gateway"])
def test_accepting_pauses_when_descriptors_run_out_and_goes_on_afterwards(kind, lb, gateway, keep):
    origin = keep(Origin.echo()) if kind == "lb" else keep(Origin.silent())
    program = {"lb": lb, "gateway": gateway}[kind]([origin], descriptors=LIMIT)
    request = b"hello" if kind == "lb" else b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    clients = [Client(program.port(), first=request) for _ in range(LIMIT + 20)]
    wait_until(lambda: "descriptor" in program.stderr, what="a warning about descriptors")
    before = program.cpu_seconds()
    time.sleep(1)
    assert program.cpu_seconds() - before < 0.3, "a busy loop"
    warnings = program.stderr.count("descriptor")
    assert warnings < 20, "a flood of warnings"
    for client in clients:
        client.reset()  # a mere end would be half a close: the gateway would go on waiting for the answers
    if kind == "lb":
        with Client(program.port()) as client:
            assert client.send("again").shutdown_write().read_all() == b"again"
    else:
        assert ask(program.port(), "GET / HTTP/1.0\r\nBroken header\r\n\r\n").status == 400
    assert program.admin("/livez")[0] == 200


GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("workers", [1, 3])
def test_at_its_limit_the_gateway_ends_who_is_idle_for_who_comes(workers, gateway, keep):
    program = gateway([keep(HttpOrigin().origin)], listener={"max_connections": 2}, workers=workers)
    clients = []
    for _ in range(8):
        clients.append(Client(program.port(), first=GET.encode()))
        assert clients[-1].answer().status == 200  # also when those who are idle are another worker's
    wait_until(lambda: sum(ended_by_now(client) for client in clients) >= 6, what="the end of who was idle")
    for client in clients:
        client.close()


def ended_by_now(client):
    client.socket.setblocking(False)
    try:
        return client.ended()
    except BlockingIOError:
        return False


class Busy:
    """A service that answers nobody before `let_go`, and knows how many it had at once."""

    def __init__(self, keep):
        self.let_go, self.lock, self.now, self.most = threading.Event(), threading.Lock(), 0, 0
        self.service = HttpOrigin(self.answer)
        keep(self.service.origin)

    def answer(self, request):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.let_go.wait(20)
        with self.lock:
            self.now -= 1
        return response(b"done")


def all_answered(clients):
    """Reads all at once and closes each: the last may be served first."""
    bodies = []

    def read(client):
        with client:
            bodies.append(client.answer().body)
    readers = [threading.Thread(target=read, args=(client,)) for client in clients]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return bodies == [b"done"] * len(clients)


@pytest.mark.parametrize("limits", [{"listener": {"max_connections": 2}}, {"max_connections": 2}])
@pytest.mark.parametrize("kind", ["lb", "gateway"])
def test_who_comes_at_the_limit_waits_for_who_is_busy(kind, limits, lb, gateway, keep):
    busy = Busy(keep)
    more = {"defaults": {"timeout": "20s"}} if kind == "gateway" else {}
    program = {"lb": lb, "gateway": gateway}[kind]([busy.service], workers=3, **limits, **more)
    clients = [Client(program.port(), first=GET.encode()) for _ in range(12)]
    wait_until(lambda: "max_connections is reached" in program.stderr, what="a warning")
    wait_until(lambda: busy.now == 2, what="two connections")
    busy.let_go.set()
    assert all_answered(clients)
    assert busy.most == 2


@pytest.mark.parametrize("kind", ["lb", "gateway"])
def test_a_reload_changes_the_limit_and_forgets_nobody(kind, lb, gateway, keep):
    busy = Busy(keep)
    more = {"defaults": {"timeout": "20s"}} if kind == "gateway" else {}
    program = {"lb": lb, "gateway": gateway}[kind]([busy.service], listener={"max_connections": 2}, workers=2, **more)
    text = program.config.read_text()
    clients = [Client(program.port(), first=GET.encode()) for _ in range(6)]
    wait_until(lambda: "accepting pauses at 2 connections" in program.stderr, what="a warning")
    program.reload(text.replace("max_connections = 2", "max_connections = 3"))
    wait_until(lambda: busy.now == 3, what="one connection more")
    wait_until(lambda: "accepting pauses at 3 connections" in program.stderr, what="a warning")
    program.reload(text.replace("max_connections = 2", "max_connections = 1"))
    clients += [Client(program.port(), first=GET.encode()) for _ in range(6)]
    assert busy.most == 3
    busy.let_go.set()
    assert all_answered(clients)
    assert busy.most == 3


@pytest.mark.parametrize("kind", ["lb", "gateway"])
@pytest.mark.parametrize("change", ["removed", "renamed", "moved"])
def test_a_reload_takes_a_listener_away_that_is_at_its_limit(change, kind, start, keep):
    busy = Busy(keep)
    config = {"lb": lb_config, "gateway": gateway_config}[kind]
    more = {"defaults": {"timeout": "20s"}} if kind == "gateway" else {}
    text = config([busy.service.address], workers=2, **more)

    def listener(name="second", listen=f"127.0.0.1:{free_port()}"):
        return text + section("[[listener]]", name=name, listen=listen, max_connections=1,
                              **({"upstream": "servers"} if kind == "lb" else {}))
    program = start(kind, listener())
    port = program.port("second")
    clients = [Client(port, first=GET.encode()) for _ in range(4)]
    wait_until(lambda: "accepting pauses at 1 connection" in program.stderr, what="a warning")
    program.reload({"removed": text, "renamed": listener(name="other"),
                    "moved": listener(listen=f"127.0.0.1:{free_port()}")}[change])
    busy.let_go.set()
    assert all_answered(clients)  # who waited is taken, too
    if change != "renamed":
        with pytest.raises(ConnectionRefusedError):
            Client(port)
    assert ask(program.port(), GET).body == b"done"
