"""The access logs of both programs: formats, what is left out and masked, rotation, and a destination that takes nothing,
which costs lines and never requests."""
import json
import os
import re
import resource
import signal
import threading

import pytest

from origins import HttpOrigin, Origin, response
from raw import Client, get, wait_until
from tandem import CONFIG, run, section

MANY = 400


@pytest.fixture
def front(program, start, keep):
    """front(log={…}) -> the program before a service that says "served"."""
    def make(**more):
        service = keep(HttpOrigin(lambda request: response(b"served")).origin)
        return start(program, CONFIG[program]([service.address], **more))
    return make


def lines(running, count, name="access.log"):
    path = running.folder / name
    wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= count, what=f"{count} lines")
    return path.read_text().splitlines()


def test_ecs(program, front):
    running = front(log={"format": "ecs"})
    get(running.port(), "/a?token=x")
    with Client(running.port()) as client:
        if program == "gateway":
            client.send("nonsense\r\n\r\n").read_all()
        else:
            client.reset()
    first, second = (json.loads(line) for line in lines(running, 2))
    for line in (first, second):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["@timestamp"])
        assert (line["ecs.version"], line["event.kind"], line["client.ip"]) == ("8.11.0", "event", "127.0.0.1")
        assert line["event.dataset"] == f"{program}.access" and None not in line.values()
        assert isinstance(line["event.duration"], int) and isinstance(line["event.category"], list)
    assert first["event.outcome"] == "success" and first["event.duration"] > 0
    if program == "gateway":
        assert (first["http.request.method"], first["url.path"], first["http.response.status_code"]) == ("GET", "/a", 200)
        assert first["http.request.id"] == first["tandem.conn"] + "-1" and len(first["trace.id"]) == 32
        assert (second["event.reason"], second["http.response.status_code"]) == ("bad_request", 400)
    else:
        assert (first["event.type"], first["event.reason"]) == (["connection", "end"], "client")
        assert first["tandem.conn"] == first["event.id"] and first["server.bytes"] > 6
        assert (second["event.outcome"], second["event.reason"]) == ("failure", "reset_by_client")


def test_usr1_reopens_the_file(front):
    running = front()
    get(running.port())
    running.access_log(1)
    os.rename(running.folder / "access.log", running.folder / "access.log.1")
    running.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: (running.folder / "access.log").exists(), what="the new file")
    get(running.port())
    running.access_log(1)
    assert len(lines(running, 1, "access.log.1")) == 1


def test_a_sample_of_what_went_well_and_all_that_did_not(program, front):
    running = front(log={"sample": "0%"})
    for _ in range(20):
        get(running.port())
    if program == "gateway":
        get(running.port(), "/../x")
    else:
        with Client(running.port()) as client:
            client.reset()
    [line] = running.access_log(1)
    assert line.get("reason") == "bad_request" or line.get("end") == "reset_by_client"
    name = "gateway_requests_total" if program == "gateway" else "lb_connections_total"
    wait_until(lambda: running.metric(name) == 21, what="all are counted")
    assert running.metric(f"{program}_log_lines_dropped_total") == 0


def test_queries_and_fields_with_what_is_secret_masked(gateway):
    key = section("[auth.partners]", kind="api_key", **{"from": "query:partner"},
                  consumers={"file": "partners.toml"})
    routes = key + section("[[route]]", match="/{rest...}", to="service") + section(
        "[[route]]", match="/for/partners", to="service", auth=["partners"])
    program = gateway([HttpOrigin(lambda request: response())], routes=routes, files={"partners.toml": f'[[consumer]]\nname = "acme"\nkey_hash = "sha256:{"0" * 64}"\n'},
                      log={"query": True, "headers": ["User-Agent", "Cookie", "X-Customer", "Authorization"],
                           "redact": ["x-customer", "iban"]})
    get(program.port(), "/a?page=2&%74oken=SECRET&IBAN=SECRET&partner=SECRET&x", headers=(
        "User-Agent: test \"1\"\r\nCookie: SECRET\r\nX-Customer: SECRET\r\nAuthorization: Bearer SECRET\r\n"))
    get(program.port(), "/b")
    first, second = program.access_log(2)
    assert first["query"] == "page=2&%74oken=***&IBAN=***&partner=***&x" and second["query"] is None
    assert [first[f"header.{name}"] for name in ("user-agent", "cookie", "x-customer", "authorization")] == [
        'test "1"', "***", "***", "***"]
    assert second["header.cookie"] is None and "SECRET" not in (program.folder / "access.log").read_text()


def test_hostile_bytes_stay_on_one_line_of_json(gateway):
    program = gateway([HttpOrigin(lambda request: response())], log={"headers": ["User-Agent", "X-B"]})
    hostile = ["\u202egnp.exe".encode(), b"\xff\xfe\x80", "\u2028x\u2029".encode(), b'"},{"admin":true', b"\\" * 9,
               "\u0085\u009b31m".encode(), b"a\tb", "\ufeff\u200b".encode(), b"x" * 9000]
    for value in hostile:
        with Client(program.port()) as client:
            client.send(b"GET /%0d%0a%1b%5b2J HTTP/1.1\r\nHost: x\r\nUser-Agent: " + value + b"\r\nConnection: close\r\n\r\n").read_all()
    with Client(program.port()) as client:  # what no request may have
        client.send(b"GET /a\x1b[2J\x01\xff HTTP/1.1\r\nHost: x\x1b\r\n\r\n").read_all()
    text = (lines(program, len(hostile) + 1), (program.folder / "access.log").read_bytes())[1]
    found = [json.loads(line) for line in text.decode("utf-8").splitlines()]
    assert len(found) == len(hostile) + 1 == text.count(b"\n")
    assert all(0x20 <= byte for byte in text.replace(b"\n", b""))
    for hidden in ("\u202e", "\u2028", "\u2029", "\u0085", "\u009b"):
        assert hidden not in text.decode(), repr(hidden)
    assert found[0]["header.user-agent"] == "\u202egnp.exe" and found[3]["header.user-agent"] == '"},{"admin":true'
    assert len({entry["path"].upper() for entry in found[:-1]}) == 1 and found[-1]["status"] == 400
    assert max(map(len, text.splitlines())) < 4000


def lost(running):
    return running.metric(f"{running.name}_log_lines_dropped_total", log="access")


def test_a_full_disk_costs_lines_which_are_counted(front):
    running = front(log={"access": "/dev/full"})
    for _ in range(50):
        assert get(running.port()).body == b"served"
    wait_until(lambda: lost(running) == 50, what="the lost lines")
    wait_until(lambda: "no space left on device" in running.stderr, what="a word of it")


def test_a_file_that_may_grow_no_further_costs_lines(front):
    running = front()
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (2000, 2000))
    for _ in range(50):
        assert get(running.port()).body == b"served"
    wait_until(lambda: lost(running) > 30, what="the lost lines")
    assert get(running.port()).body == b"served" and running.process.poll() is None


def test_a_reader_that_goes_costs_lines(front, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    running = front(log={"access": str(tmp_path / "pipe")})
    os.close(reader)
    for _ in range(50):
        assert get(running.port()).body == b"served"
    wait_until(lambda: lost(running) == 50, what="the lost lines")
    assert running.process.poll() is None


def test_a_reader_that_does_not_read_holds_up_nobody(front, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    running = front(log={"access": str(tmp_path / "pipe")})
    for _ in range(MANY):
        assert get(running.port()).body == b"served"
    got = bytearray()
    ended = threading.Event()

    def read():  # it reads again: what was held comes, whole
        while not ended.is_set():
            try:
                got.extend(os.read(reader, 65536))
            except BlockingIOError:
                ended.wait(0.01)
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    wait_until(lambda: got.count(b"\n") == MANY, what="the lines that were held")
    ended.set()
    thread.join()
    os.close(reader)
    assert all(json.loads(line) for line in got.splitlines()) and lost(running) == 0


def test_a_log_that_cannot_be_opened_ends_the_start_and_changes_nothing_at_a_reload(program, front, tmp_path):
    (tmp_path / "wrong.toml").write_text(CONFIG[program](["127.0.0.1:1"], log={"access": "no/such/folder/log"}))
    refused = run(program, "run", "-c", tmp_path / "wrong.toml")
    assert refused.returncode == 1 and "cannot open log" in refused.stderr
    running = front()
    running.config.write_text(running.config.read_text().replace("access.log", "no/such/folder/log"))
    running.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "nothing has changed" in running.stderr, what="the refusal")
    get(running.port())
    running.access_log(1)


def test_each_change_of_a_servers_state_is_said_once(program, start, keep):
    service = HttpOrigin(lambda request: response(b"served"))
    port = service.port
    running = start(program, CONFIG[program]([service.address], health={"check": "tcp", "every": "50ms", "fall": 2, "rise": 1}))
    service.origin.close()
    wait_until(lambda: " down" in running.stderr, what="down")
    keep(Origin.echo(port=port))
    wait_until(lambda: re.search(r"server \S+ .*\bup\b", running.stderr), what="up again")
    said = [line for line in running.lines if f":{port}" in line and "server" in line]
    assert sum(" down" in line for line in said) == 1 and len(said) == 2, said
