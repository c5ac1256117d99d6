"""Clients that people use, through the gateway, to a real nginx or a real WebSocket service: each does what it does
anywhere, and finds nothing different."""
import hashlib
import http.client
import os
import re
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from origins import Nginx, Origin
from tandem import DEADLINE, ROOT, gateway_config, section

NODE = ["node", ROOT / "tests/support/clients.js"]
NODE_MODULES = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}
TEXT = "".join(f"line {n} of a text that compresses well\n" for n in range(40_000)).encode()


@pytest.fixture
def nginx(tmp_path, keep):
    return keep(Nginx(tmp_path / "nginx", "types { text/plain txt; } absolute_redirect off;"))


@pytest.fixture
def file(nginx):
    content = hashlib.shake_256(b"file").digest(3_000_001)
    (nginx.www / "file").write_bytes(content)
    (nginx.www / "text.txt").write_bytes(TEXT)
    return content


@pytest.fixture
def program(gateway, nginx):
    routes = section("[[route]]", name="all", match="/{rest...}", to="service", compress=["zstd", "br", "gzip"])
    routes += section("[[route]]", name="small", match="PUT /small/{rest...}", to="service", max_body="1KiB")
    return gateway([nginx], routes=routes, defaults={"max_body": "none"})


@pytest.fixture
def url(program):
    return f"http://127.0.0.1:{program.port()}"


def command(*arguments, **more):
    ended = subprocess.run(list(map(str, arguments)), capture_output=True, timeout=3 * DEADLINE, **more)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout + (ended.stderr if arguments[0] == "curl" else b"")


def node(*arguments):
    return subprocess.Popen([*NODE, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=NODE_MODULES)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_curl_gets_a_compressed_text_and_the_text(url, file, tmp_path, coding):
    told = command("curl", "-sS", "--compressed", "-H", f"Accept-Encoding: {coding}", "-D", "-", "-o", tmp_path / "it",
                   "-w", "%{size_download}", f"{url}/text.txt").decode()
    assert f"content-encoding: {coding}" in told.lower() and (tmp_path / "it").read_bytes() == TEXT
    assert int(told.rsplit("\n", 1)[1]) < len(TEXT) / 4


def test_curl_waits_for_100_continue_before_it_sends(url, nginx, file):
    told = command("curl", "-sSv", "-H", "Expect: 100-continue", "--expect100-timeout", DEADLINE, "-X", "PUT",
                   "--data-binary", f"@{nginx.www / 'file'}", f"{url}/put/it").decode(errors="replace")
    assert told.index("< HTTP/1.1 100 Continue") < told.index("< HTTP/1.1 201 Created")
    assert (nginx.www / "put/it").read_bytes() == file


def test_curl_that_waits_sends_nothing_that_is_refused(url, nginx, file):
    told = command("curl", "-sS", "-H", "Expect: 100-continue", "--expect100-timeout", DEADLINE, "-X", "PUT",
                   "--data-binary", f"@{nginx.www / 'file'}", "-o", "/dev/null", "-w", "%{http_code} %{size_upload}", f"{url}/small/it")
    assert told == b"413 0"


def test_http_client_keeps_one_connection_for_every_kind_of_request(program, nginx, file):
    connection = http.client.HTTPConnection("127.0.0.1", program.port(), timeout=DEADLINE)

    def ask(method, path, body=None, **headers):
        connection.request(method, path, body, headers, encode_chunked=not isinstance(body, (bytes, type(None))))
        answer = connection.getresponse()
        return answer, answer.read()

    connection.connect()
    socket = connection.sock
    assert ask("GET", "/file")[1] == file
    answer, body = ask("HEAD", "/file")
    assert (answer.status, answer.getheader("Content-Length"), body) == (200, str(len(file)), b"")
    assert ask("GET", "/file", **{"If-None-Match": answer.getheader("ETag")})[0].status == 304
    assert ask("PUT", "/put/sized", b"sized")[0].status == 201
    assert ask("PUT", "/put/chunked", iter([b"in ", b"two"]), **{"Transfer-Encoding": "chunked"})[0].status == 201
    assert (ask("GET", "/put/sized")[1], ask("GET", "/put/chunked")[1]) == (b"sized", b"in two")
    assert ask("DELETE", "/put/sized")[0].status == 204
    assert ask("GET", "/put/sized")[0].status == 404
    assert ask("GET", "/file", Range="bytes=-3")[1] == file[-3:]
    assert connection.sock is socket
    connection.close()


def test_urllib_follows_redirects_and_raises_what_failed(url, nginx, file):
    (nginx.www / "folder").mkdir()
    (nginx.www / "folder/index.html").write_text("index")
    with urllib.request.urlopen(f"{url}/folder", timeout=DEADLINE) as answer:  # nginx says 301 to folder/
        assert answer.read() == b"index" and answer.url == f"{url}/folder/"
    with urllib.request.urlopen(urllib.request.Request(f"{url}/put/x", b"posted", method="PUT"), timeout=DEADLINE) as answer:
        assert answer.status == 201
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{url}/gone", timeout=DEADLINE)
    assert raised.value.code == 404 and b"nginx" in raised.value.read()


def test_nodes_fetch(url, file):
    assert command(*NODE, "fetch", url, env=NODE_MODULES) == b"ok\n"


@pytest.mark.parametrize("client", [["curl", "-sSN"], [*NODE, "events"]], ids=["curl", "fetch"])
def test_an_event_stream_arrives_event_by_event(gateway, keep, client):
    go = [threading.Event() for _ in range(20)]

    def behaviour(connection):
        while b"\r\n\r\n" not in connection.received:
            connection.read()
        connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number, event in enumerate(go):
            assert event.wait(DEADLINE)
            data = b"data: %d\n\n" % number
            connection.socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        connection.socket.sendall(b"0\r\n\r\n")
    program = gateway([keep(Origin(behaviour))])
    reading = subprocess.Popen([*client, f"http://127.0.0.1:{program.port()}/events"], stdout=subprocess.PIPE, text=True)
    for number, event in enumerate(go):  # none is sent before the one before it was read
        event.set()
        while not (line := reading.stdout.readline()).strip():
            assert line, "the stream ended"
        assert line == f"data: {number}\n"
    assert reading.wait(DEADLINE) == 0


def test_ten_thousand_messages_of_ws_survive_a_reload(gateway):
    service = node("serve")
    try:
        address = f"127.0.0.1:{int(service.stdout.readline())}"
        program = gateway([address])
        client = node("echo", f"ws://127.0.0.1:{program.port()}/chat", "10000")
        assert client.stdout.readline() == "half\n"
        program.reload(gateway_config([address], defaults={"timeout": "4s"}))
        told, _ = client.communicate("go on\n", timeout=3 * DEADLINE)
        assert client.returncode == 0 and told == "ok permessage-deflate\n"
        assert program.access_log(count=1, status=101)[0]["reason"] in (None, "")
    finally:
        service.terminate()
        service.wait(DEADLINE)


def figures(text, pattern):
    return [int(number) for number in re.search(pattern, text).groups()]


LOADS = {
    "wrk": ["wrk", "-t1", "-c20", "-d1s", "URL/headers"],
    "h2load": ["h2load", "--h1", "-n3000", "-c20", "URL/headers"],
    "h2load, pipelined": ["h2load", "--h1", "-n3000", "-c20", "-m8", "URL/headers"],
    "ab": ["ab", "-q", "-n1000", "-c20", "URL/headers"],
    "ab, kept": ["ab", "-q", "-k", "-n3000", "-c20", "URL/headers"],
    "ab, posting": ["ab", "-q", "-k", "-n1000", "-c20", "-T", "text/plain", "-p", "FILE", "URL/headers"],
}


@pytest.mark.parametrize("name", LOADS)
def test_load_tools_meet_no_error(program, url, file, tmp_path, name):
    (tmp_path / "body").write_bytes(b"x" * 5000)
    told = command(*[word.replace("URL", url).replace("FILE", str(tmp_path / "body")) for word in LOADS[name]]).decode()
    if name == "wrk":
        count, failed = figures(told, r"(\d+) requests in")[0], "Non-2xx" in told or "Socket errors" in told
    elif name.startswith("h2load"):
        total, count, not_ok, errors = figures(told, r"requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored")
        failed = not_ok or errors or total != count
    else:
        count, failed = figures(told, r"Complete requests:\s+(\d+)")[0], figures(told, r"Failed requests:\s+(\d+)")[0] or "Non-2xx" in told
        if "kept" in name:
            assert figures(told, r"Keep-Alive requests:\s+(\d+)")[0] == count
    assert count > 100 and not failed, told
    assert program.metric("gateway_requests_total", status="200") >= count
