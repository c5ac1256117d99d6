"""What systemd gives and is told: sockets that it made (LISTEN_FDS), and READY, RELOADING and STOPPING at NOTIFY_SOCKET."""
import signal
import socket
import time

import pytest
import raw
import tandem



class Notified:
    """The service manager's end of NOTIFY_SOCKET."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.socket.settimeout(raw.DEADLINE)
        self.environment = {"NOTIFY_SOCKET": name}

    def next(self):
        """The next message, as a dictionary."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))

    def close(self):
        self.socket.close()


@pytest.fixture(params=["a path", "an abstract name"])
def notified(request, tmp_path, keep):
    return keep(Notified(str(tmp_path / "notify") if request.param == "a path" else f"@tandem-test-{tmp_path.name}-{id(request)}"))


def listening(**options):
    one = socket.socket()
    if options.get("reuse_port"):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(("127.0.0.1", 0))
    one.listen()
    return one


def address(of):
    return "127.0.0.1:%d" % of.getsockname()[1]


def body(port):
    return raw.get(port).body


def test_the_manager_hears_of_start_reload_and_end(program, start, origin, notified):
    text = tandem.CONFIG[program]([origin.address])
    running = start(program, text, environment=notified.environment)
    assert notified.next()["READY"] == "1"
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    running.reload(text)
    reloading = notified.next()
    assert reloading["RELOADING"] == "1"
    assert before <= int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert notified.next() == {"READY": "1", "STATUS": "ready, configuration 2"}
    running.term()
    assert notified.next()["STOPPING"] == "1"


def test_a_reload_that_fails_is_ready_again_and_says_so(program, start, origin, tmp_path, keep):
    notified = keep(Notified(str(tmp_path / "notify")))
    running = start(program, tandem.CONFIG[program]([origin.address]), environment=notified.environment)
    notified.next()
    running.config.write_text("what?")
    running.process.send_signal(signal.SIGHUP)
    assert notified.next()["RELOADING"] == "1"
    message = notified.next()
    assert message["READY"] == "1" and "failed" in message["STATUS"]


def test_nothing_is_told_before_it_accepts(start, tmp_path, keep):
    silent = keep(listening())  # never answers a check above TCP
    notified = keep(Notified(str(tmp_path / "notify")))
    text = tandem.lb_config([address(silent)], health={"check": "http", "timeout": "500ms", "every": "1s"})
    begun = time.monotonic()
    start("lb", text, environment=notified.environment, wait=False)
    assert notified.next()["READY"] == "1"
    assert time.monotonic() - begun >= 0.5


def test_without_anybody_at_the_notify_socket_it_runs_all_the_same(program, start, origin, tmp_path):
    running = start(program, tandem.CONFIG[program]([origin.address]), environment={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    assert body(running.port()) == b"served" and "could not be told" in running.stderr


@pytest.mark.parametrize("reuse_port", [False, True], ids=["one description", "SO_REUSEPORT"])
def test_sockets_of_the_manager_are_used_by_all_workers(program, start, origin, reuse_port):
    with listening(reuse_port=reuse_port) as front, listening() as admin:
        text = (tandem.CONFIG[program]([origin.address], workers=3, listener={"listen": address(front)})
                .replace('"127.0.0.1:0"', f'"{address(admin)}"'))
        waiting = raw.Client(front.getsockname()[1])  # from before the program runs
        running = start(program, text, activate={"front": front, "admin": admin})
        assert running.port() == front.getsockname()[1] and running.admin_port == admin.getsockname()[1]
        with waiting:
            assert waiting.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"served"
        for _ in range(50):
            assert body(running.port()) == b"served"
        running.reload(text)
        assert body(running.port()) == b"served"
        assert "closed" not in running.stderr


def test_a_unix_socket_of_the_manager_is_used_and_its_path_stays(start, origin, tmp_path):
    path = str(tmp_path / "front.sock")
    with socket.socket(socket.AF_UNIX) as front:
        front.bind(path)
        front.listen()
        running = start("lb", tandem.lb_config([origin.address], workers=2, listener={"listen": "unix:" + path}),
                        activate={"front": front})
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(raw.DEADLINE)
                client.connect(path)
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                lines = client.makefile("rb")
                assert lines.readline().startswith(b"HTTP/1.1 200")
        running.term()
        assert running.wait() == 0
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)  # the manager's still


def test_what_matches_nothing_is_closed_with_a_warning(program, start, origin):
    with listening() as stray, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        running = start(program, tandem.CONFIG[program]([origin.address]), activate={"stray": stray, "wrong": datagrams})
        assert f'"stray" that was passed, listening at {address(stray)}, is closed' in running.stderr
        assert 'descriptor 4 ("wrong") is closed: it is no listening socket' in running.stderr
        assert body(running.port()) == b"served"
        port = stray.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        raw.Client(port)


def test_sockets_that_were_meant_for_another_process_are_left_alone(program, start, origin):
    running = start(program, tandem.CONFIG[program]([origin.address]),
                    environment={"LISTEN_PID": "1", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "a:b:c"})
    assert body(running.port()) == b"served" and "activation" not in running.stderr
