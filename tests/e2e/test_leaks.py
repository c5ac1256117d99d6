"""Requests of every kind, and clients that leave at every moment, through lb and gateway: memory becomes flat, and every
descriptor comes back. TANDEM_BIG=1: three million requests; memory is looked at only then."""
import itertools
import random
import subprocess

import pytest

from load import Load
from origins import Nginx
from raw import Client, wait_until
from tandem import BIG, sanitized, section
from ws import EchoServer, opening

REQUESTS = 3_000_000 if BIG else 20_000
TENTHS = 10

# What wrk sends in turn; it does not look at statuses, and nginx has no /gone.
LUA = """
local kinds = {
  {"GET", "/small"}, {"GET", "/stored/a"}, {"GET", "/text"}, {"POST", "/post", string.rep("x", 10240)}, {"GET", "/gone"},
  {"GET", "/100k"}, {"GET", "/stored/b", nil, {["Range"] = "bytes=1-9"}}, {"GET", "/small?" .. string.rep("q", 3000)},
  {"DELETE", "/stored/a"}, {"GET", "/fixed"}, {"GET", "/forbidden"}, {"POST", "/post", string.rep("x", 100)},
  {"GET", "/small", nil, {["Connection"] = "close"}}, {"GET", "/text", nil, {["Accept-Encoding"] = "gzip"}},
}
local at, texts = 0, {}
function init()
  for i, kind in ipairs(kinds) do texts[i] = wrk.format(kind[1], kind[2], kind[4], kind[3]) end
end
function request()
  at = at + 1
  if at % 10 == 0 then return wrk.format("GET", "/stored/" .. at % 5000) end
  return texts[at % #kinds + 1]
end
"""


def leaving(port):
    """One client that asks for something and leaves too early, in one of many ways."""
    ways = itertools.cycle([
        (b"", 0), (b"GET / HT", 0), (b"GET /100k HTTP/1.1\r\nHost: x\r\n\r\n", 0), (b"GET /100k HTTP/1.1\r\nHost: x\r\n\r\n", 1000),
        (b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", 300), (b"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50_000, 0),
        (b"POST /post HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", 0), (b"GET /\x00 HTTP/1.1\r\n\r\n", 1),
        (opening("/ws"), 60), (opening("/ws") + b"\x82\x85\0\0\0\0hello", 60), (b"HEAD /100k HTTP/1.1\r\nHost: x\r\n\r\n", 100),
        (b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n" * 20, 500), (b"GET /stored/%d HTTP/1.1\r\nHost: x\r\n\r\n", 0),
        (b"GET /small HTTP/1.0\r\n\r\n", 10_000), (b"PUT /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 9000, 0),
    ])
    numbers = itertools.count(10_000)

    def visit(load):
        request, wanted = next(ways)
        client = Client(port)
        try:
            client.send(request % next(numbers) if b"%d" in request else request)
            client.receive(wanted)
        except ConnectionError:  # it was refused, and closed
            pass
        client.reset() if random.random() < 0.5 else client.close()
    return visit


@pytest.fixture
def nginx(tmp_path, keep):
    server = keep(Nginx(tmp_path / "nginx", """
      types { text/plain txt; }
      location = /small { return 200 "small"; }
      location = /text { rewrite ^ /text.txt break; }
      location = /post { return 200 "taken"; }
      location = /slow { limit_rate 20k; rewrite ^ /100k break; }
      location /stored/ { add_header Cache-Control "public, max-age=60"; rewrite ^ /10k break; }"""))
    for name, size in (("100k", 100_000), ("10k", 10_000), ("text.txt", 20_000)):
        (server.www / name).write_bytes(b"0123456789" * (size // 10))
    return server


ROUTES = (section("[cache.shared]", size="8MiB")
          + section("[[route]]", name="all", match="/{rest...}", to="service", cache="shared", compress=["gzip"])
          + section("[[route]]", name="ws", match="/ws", to="sockets")
          + section("[[route]]", name="fixed", match="/fixed", respond={"status": 200, "body": "fixed"})
          + section("[[route]]", name="forbidden", match="/forbidden", to="service", deny_from=["0.0.0.0/0"])
          + section("[[route]]", name="refused", match="PUT /refused", to="service", max_body="1KiB"))


def test_memory_becomes_flat_and_descriptors_come_back(gateway, lb, nginx, keep, tmp_path):
    sockets = section("[upstream.sockets]", servers=[keep(EchoServer()).address], health={"check": "off"})
    behind = gateway([nginx], routes=sockets + ROUTES, workers=2, listener={"timeout": {"keepalive": "1s"}}, upstream={"keepalive": {"connections": 64, "idle": "1s"}})
    front = lb([f"127.0.0.1:{behind.port()}"], workers=2)
    programs = {"lb": front, "gateway": behind}
    (tmp_path / "mixed.lua").write_text(LUA)
    before = {name: program.sockets() for name, program in programs.items()}
    memory = {name: [] for name in programs}

    def served():
        return behind.metric("gateway_requests_total")

    def run_until(count):
        while served() < count:
            told = subprocess.run(["wrk", "-t1", "-c32", f"-d{5 if BIG else 1}s", "-s", tmp_path / "mixed.lua", f"http://127.0.0.1:{front.port()}"],
                                  capture_output=True, text=True, timeout=300).stdout
            assert "requests in" in told and "Socket errors" not in told, told

    with Load(*[leaving(front.port()) for _ in range(4)]) as load:
        for tenth in range(1, TENTHS + 1):
            run_until(REQUESTS * tenth / TENTHS)
            for name, program in programs.items():
                memory[name].append(program.resident_kib())
    for name, program in programs.items():
        wait_until(lambda: program.sockets() <= before[name], what=f"the descriptors of {name} came back: {before[name]}")
    print(f"{served():.0f} requests, {sum(load.made)} clients that left, resident KiB: {memory}")
    if BIG and not sanitized():
        for name, seen in memory.items():
            assert max(seen[1:]) <= 1.05 * seen[0], (name, seen)
