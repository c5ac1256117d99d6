"""What is measured: each workload says who takes part, what stands behind them, how the load is made, and what one unit
of work is. A run gives (units, p99 in milliseconds or None) and fails loudly on any error or wrong byte count."""
import json
import re
import socket
import subprocess
import time
from dataclasses import dataclass

import aggregates
import caches
import contestants as c
import limits
import manyroutes
import observed
import tls_ended
import tokens

POST = 'wrk.method = "POST"; wrk.body = string.rep("x", 10240); wrk.headers["Content-Type"] = "application/octet-stream"\n'


@dataclass
class Workload:
    name: str
    unit: str          # what the figures are divided by
    scale: float       # figures are multiplied by this (seconds to microseconds, bytes as they are)
    measure: str       # "cpu" or "memory"
    server: str        # "echo" | "bulk" | "http"
    make: dict         # contestant's name -> function(contestant, server's port)
    run: object        # function(port, seconds, folder) -> (units, p99); for memory: (port, count) -> sockets held open
    count: int = 0
    most_turns: int = 100  # where one takes long, and the next shows the same


def tool(*command):
    ended = subprocess.run(["taskset", "-c", c.LOAD_CORE, *map(str, command)], capture_output=True, text=True, timeout=300)
    if ended.returncode != 0:
        raise SystemExit(f"scripts/bench: {' '.join(map(str, command))} failed:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def l4(mode, connections, rate=None):
    def run(port, seconds, folder):
        told = json.loads(tool(c.BIN / "l4load", mode, port, connections, seconds, *([rate] if rate else [])))
        if told["errors"] or not told["units"]:
            raise SystemExit(f"scripts/bench: l4load {mode} met errors: {told}")
        return told["units"], (told["p99"] / 1000 if mode != "bulk" else None)
    return run


def wrk(path, connections=32, script=None, body=None, scheme="http", headers=()):
    def run(port, seconds, folder):
        lua = []
        if script:
            (folder / "wrk.lua").write_text(script)
            lua = ["-s", folder / "wrk.lua"]
        fields = [word for header in headers for word in ("-H", header)]
        told = tool("wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", *lua, *fields, f"{scheme}://127.0.0.1:{port}{path}")
        units, volume = re.search(r"(\d+) requests in [\d.]+\w+, ([\d.]+)([KMG]?)B read", told).group(1, 2)
        scale = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[re.search(r"[\d.]+([KMG]?)B read", told)[1]]
        if "Non-2xx" in told or "Socket errors" in told:
            raise SystemExit(f"scripts/bench: wrk met errors:\n{told}")
        if body and float(volume) * scale < 0.98 * int(units) * body:
            raise SystemExit(f"scripts/bench: wrk read fewer bytes than {units} answers of {body}:\n{told}")
        number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", told).group(1, 2)
        return int(units), float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    return run


def h2load_rate(path, rate, connections=32):
    """A fixed rate of requests; the p99 from h2load's line for each request."""
    def run(port, seconds, folder):
        log = folder / "h2load.log"
        log.unlink(missing_ok=True)
        told = tool("h2load", "--h1", "-c", connections, "-D", max(1, round(seconds)), f"--rps={rate / connections:.2f}", f"--log-file={log}",
                    f"http://127.0.0.1:{port}{path}")
        lines = [line.split() for line in log.read_text().splitlines()]
        failed = sum(line[1] != "200" for line in lines)
        if failed or not lines:
            raise SystemExit(f"scripts/bench: h2load met {failed} failures:\n{told}")
        times = sorted(int(line[2]) for line in lines)
        return len(times), times[int(0.99 * (len(times) - 1))] / 1000
    return run


def hold_l4(port, count):
    held = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(count)]
    for connection in held:
        connection.sendall(b"x" * 64)
    for connection in held:
        assert connection.recv(64)
    return held


def hold_l7(port, count):
    held = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), 10)
        connection.sendall(b"GET /small HTTP/1.1\r\nHost: bench\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        held.append(connection)
    return held


def at_layer_4(haproxy_tuned=False):
    taking_part = {"lb": c.lb, "HAProxy": lambda x, server: c.haproxy(x, server, "tcp")}
    if haproxy_tuned:
        taking_part["HAProxy tuned"] = lambda x, server: c.haproxy(x, server, "tcp", tuned=True)
    if c.NGINX_STREAM.exists():
        taking_part["NGINX"] = c.nginx_stream
    return taking_part


def at_layer_7(haproxy_tuned=False):
    taking_part = {"gateway": c.gateway, "HAProxy": lambda x, server: c.haproxy(x, server, "http")}
    if haproxy_tuned:  # a client's first request may take a kept connection too, as the others do it
        taking_part["HAProxy tuned"] = lambda x, server: c.haproxy(x, server, "http", back="  http-reuse always\n")
    return {**taking_part, "NGINX": c.nginx_http}


ROUTES_AT = {}  # by port: how many routes stand there


def with_routes(count):
    def make(contestant, server):
        c.gateway(contestant, server, routes=manyroutes.toml(count))
        ROUTES_AT[contestant.port] = count
    return make


def over_all_routes(port, seconds, folder):
    return wrk("/", script=manyroutes.lua(ROUTES_AT[port]))(port, seconds, folder)


CHAIN = {"lb -> gateway": c.chain_of_ours, "HAProxy -> NGINX": c.chain_of_peers}
MICRO = 1e6
WORKLOADS = [
    Workload("L4 small keep-alive", "round trip", MICRO, "cpu", "echo", at_layer_4(), l4("pingpong", 32)),
    Workload("L4 new connection", "connection", MICRO, "cpu", "echo", at_layer_4(), l4("connect", 16)),
    Workload("L4 bulk, 1 stream", "GB", 1e9 * 1e3, "cpu", "bulk", at_layer_4(True), l4("bulk", 1)),
    Workload("L4 bulk, 8 streams", "GB", 1e9 * 1e3, "cpu", "bulk", at_layer_4(True), l4("bulk", 8)),
    Workload("L4 idle connection", "connection", 1, "memory", "echo", at_layer_4(), hold_l4, 4000),
    Workload("L7 small GET", "request", MICRO, "cpu", "http", at_layer_7(), wrk("/small")),
    Workload("L7 100 KB GET", "request", MICRO, "cpu", "http", at_layer_7(), wrk("/100k", body=100_000)),
    Workload("L7 10 KB POST", "request", MICRO, "cpu", "http", at_layer_7(), wrk("/post", script=POST)),
    Workload("L7 new connection", "connection", MICRO, "cpu", "http", at_layer_7(True), wrk("/small", headers=["Connection: close"])),
    Workload("L7 TLS small GET", "request", MICRO, "cpu", "http", tls_ended.all_of_them(), wrk("/small", scheme="https")),
    Workload("L7 TLS full handshake", "connection", MICRO, "cpu", "http", tls_ended.all_of_them(), tls_ended.ab(tool, "/small")),
    Workload("L7 RS256 token", "request", MICRO, "cpu", "http", tokens.all_of_them("RS256"), tokens.run(wrk, "RS256")),
    Workload("L7 HS256 token", "request", MICRO, "cpu", "http", tokens.all_of_them("HS256"), tokens.run(wrk, "HS256")),
    Workload("L7 per-IP limit", "request", MICRO, "cpu", "http", limits.by_address(), wrk("/small")),
    Workload("L7 limited key", "key", 1, "memory", "http", limits.by_tenant(), limits.hold_keys, 1_000_000, 2),
    Workload("L7 1 KB hit", "request", MICRO, "cpu", "http", caches.all_of_them(), caches.stored(wrk("/stored/1k", body=1000))),
    Workload("L7 100 KB hit", "request", MICRO, "cpu", "http", caches.all_of_them(), caches.stored(wrk("/stored/100k", body=100_000))),
    Workload("L7 three 5 KB parts", "three parts", MICRO, "cpu", "http", aggregates.all_of_them(), aggregates.run(wrk)),
    Workload("L7 seen", "request", MICRO, "cpu", "http", observed.all_of_them(), wrk("/small")),
    Workload("L7 idle connection", "connection", 1, "memory", "http", at_layer_7(), hold_l7, 2000),
    Workload("L7 routes", "request", MICRO, "cpu", "http",
             {"10 routes": with_routes(10), "10000 routes": with_routes(10_000)}, over_all_routes),
    Workload("chain small GET", "request", MICRO, "cpu", "http", CHAIN, wrk("/small")),
]
# p99 at half of what the slowest of them can do, once that is known: after the workload named.
LATENCY = {
    "L4 small keep-alive": lambda rate: l4("pingpong", 32, round(rate)),
    "L7 small GET": lambda rate: h2load_rate("/small", rate),
}


def serve(workload, folder):
    return c.origin_nginx(folder) if workload.server == "http" else c.sink(folder, workload.server)


def settle():
    time.sleep(0.3)
