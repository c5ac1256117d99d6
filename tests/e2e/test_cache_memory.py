"""A cache that is far too small for what is asked for, under load: it keeps to its size, and nobody waits for it.
TANDEM_BIG=1: 64 MiB for a working set of 1 GiB, for a minute."""
import json
import re
import subprocess

import pytest

from origins import Nginx
from tandem import BIG, sanitized, section

SIZE_MIB, SECONDS = (64, 60) if BIG else (4, 3)
WORKING_SET = 16 * SIZE_MIB << 20
BODIES = {"long": [64 * 1024], "short": [1024], "of all sizes": [1000 * size for size in (1, 2, 4, 7, 11, 17, 30, 50, 77, 99, 120, 160, 200)]}
ROOM_KIB = 40 * 1024  # for everything but what is stored

LUA = """
math.randomseed(7)
function request() return wrk.format("GET", "/" .. math.random(1, BODIES) .. "/" .. math.random(1, EACH)) end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write("\\nTOLD {\\"count\\": " .. summary.requests .. ", \\"failed\\": "
           .. errors.connect + errors.read + errors.write + errors.status + errors.timeout
           .. ", \\"median\\": " .. latency:percentile(50) .. ", \\"p99\\": " .. latency:percentile(99) .. ", \\"longest\\": " .. latency.max .. "}\\n")
end
"""


@pytest.fixture
def nginx(tmp_path, keep):
    server = keep(Nginx(tmp_path / "nginx", r'location / { rewrite ^/(\d+)/ /body$1 break; add_header Cache-Control "max-age=3600"; }'))
    return server


@pytest.mark.parametrize("bodies", BODIES.values(), ids=BODIES.keys())
def test_memory_stays_within_the_size_and_nobody_is_stalled(bodies, gateway, nginx, tmp_path):
    average = sum(bodies) // len(bodies)
    objects = WORKING_SET // average
    for number, size in enumerate(bodies, 1):
        (nginx.www / f"body{number}").write_bytes(bytes(size))
    routes = section("[cache.shared]", size=f"{SIZE_MIB}MiB") + section("[[route]]", name="all", match="/{rest...}", to="service", cache="shared")
    program = gateway([nginx], routes=routes, workers=2)
    (tmp_path / "load.lua").write_text(LUA.replace("BODIES", str(len(bodies))).replace("EACH", str(objects // len(bodies))))
    told = subprocess.run(["wrk", "-t1", "-c32", f"-d{SECONDS}s", "-s", tmp_path / "load.lua", f"http://127.0.0.1:{program.port()}"],
                          capture_output=True, text=True, timeout=10 * SECONDS + 60).stdout
    figures = json.loads(re.search("TOLD (.*)", told)[1])
    cache = json.loads(program.admin("/status")[2])["caches"][0]
    print(figures, cache, f"peak {program.peak_kib()} KiB")
    assert figures["failed"] == 0
    assert cache["bytes"] <= SIZE_MIB << 20 and cache["entries"] > 0.6 * (SIZE_MIB << 20) / (average + 1024) and cache["evicted"] > 0
    assert program.metric("gateway_cache_total", result="hit") > 0
    if not sanitized():
        assert program.peak_kib() < SIZE_MIB * 1024 + ROOM_KIB
        assert figures["longest"] < max(100 * figures["median"], 1_000_000)  # µs
