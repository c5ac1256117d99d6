"""How long an aggregate takes: as long as its slowest part, or as the deadline of one that hangs. The bounds of the
acceptance run want a quiet machine: TANDEM_BIG=1."""
import json
import statistics
import subprocess
import sys
import time

import pytest

from origins import Origin
from raw import DEADLINE, Client
from tandem import BIG, sanitized, section

# A service in a process of its own, so that the test's own threads don't make it wait: sleeps as long as its path says.
SERVICE = r"""
import asyncio, sys
async def serve(reader, writer):
    writer.transport.get_extra_info("socket").setsockopt(6, 1, 1)
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            milliseconds = int(head.split(b" ")[1].strip(b"/"))
            await asyncio.sleep(milliseconds / 1000)
            body = b'{"slept": %d}' % milliseconds
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", SERVICE], stdout=subprocess.PIPE, text=True)
    yield f"127.0.0.1:{process.stdout.readline().strip()}"
    process.terminate()
    process.wait(DEADLINE)
    process.stdout.close()


def parts(*milliseconds):
    return "".join(f'[[route.part]]\nname = "p{n}"\nget = "service /{n}"\nput = "p{n}"\n' for n in milliseconds)


def median(program, target, count):
    times = []
    with Client(program.port()) as client:
        for _ in range(count):
            began = time.perf_counter()
            answer = client.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").answer()
            times.append((time.perf_counter() - began) * 1000)
            assert answer.status == 200, answer.body
    return statistics.median(times), json.loads(answer.body)


@pytest.mark.skipif(not BIG, reason="TANDEM_BIG=1 on a quiet machine")
def test_the_median_of_three_parallel_parts_is_that_of_the_slowest(sleeper, gateway):
    routes = "".join(section("[[route]]", match=f"GET /{name}") + text for name, text in (
        ("three", parts(20, 30, 50)), ("slowest", parts(50))))
    program = gateway([sleeper], routes=routes)
    median(program, "/three", 10)
    slowest, _ = median(program, "/slowest", 200)
    together, body = median(program, "/three", 200)
    print(f"\nslowest part alone {slowest:.2f} ms, three parts {together:.2f} ms, ratio {together / slowest:.3f}")
    assert body == {f"p{n}": {"slept": n} for n in (20, 30, 50)}
    assert together <= 1.2 * slowest


def test_a_hanging_optional_part_costs_its_own_deadline(sleeper, gateway, keep):
    hung = keep(Origin.silent())
    routes = (section("[upstream.hung]", servers=[hung.address]) + section("[upstream.hung.health]", check="off")
              + section("[[route]]", match="GET /home") + parts(20, 30)
              + '[[route.part]]\nname = "hung"\nget = "hung /"\nput = "hung"\ntimeout = "80ms"\n')
    program = gateway([sleeper], routes=routes)
    together, body = median(program, "/home", 200 if BIG else 20)
    print(f"\nwith a part that hangs for 80 ms: {together:.2f} ms")
    assert body == {"p20": {"slept": 20}, "p30": {"slept": 30}}
    assert 80 <= together <= (96 if BIG and not sanitized() else 2000)
