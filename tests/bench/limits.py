"""Limits so wide that everybody is let in: what it costs to ask one for the client's address, and what a million keys take
that are all in use. HAProxy counts in stick tables and refuses by their rate."""
import socket

import contestants as c

BATCH = 1000

PER_ADDRESS = """[rate_limit.wide]
key = "ip"
rate = "1000000/s"
burst = 1000000
[[route]]
match = "/{rest...}"
to = "service"
public = true
rate_limit = ["wide"]
"""

PER_TENANT = """[rate_limit.wide]
key = "header:X-Tenant"
rate = "2/h"
burst = 2
[[route]]
match = "/{rest...}"
public = true
respond = { status = 204 }
rate_limit = ["wide"]
"""


def gateway(routes):
    return lambda contestant, server: c.gateway(contestant, server, routes=routes)


def haproxy(table, tracked, most, answer=""):
    def make(contestant, server):
        c.haproxy(contestant, server, "http", front=f"""  stick-table {table}
  http-request track-sc0 {tracked}
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt {most} }}
{answer}""")
    return make


def by_address():
    return {"gateway": gateway(PER_ADDRESS), "HAProxy": haproxy("type ip size 1m expire 1m store http_req_rate(1s)", "src", 1000000)}


def by_tenant():
    return {"gateway": gateway(PER_TENANT),
            "HAProxy": haproxy("type string len 32 size 2m expire 1h store http_req_rate(1h)", "req.hdr(X-Tenant)", 2,
                               "  http-request return status 204\n")}


def hold_keys(port, count):
    """As many requests as keys, many at a time."""
    connection = socket.create_connection(("127.0.0.1", port), 10)
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        connection.sendall("".join(f"GET / HTTP/1.1\r\nHost: bench\r\nX-Tenant: tenant-{n}\r\n\r\n" for n in numbers).encode())
        answers = b""
        while answers.count(b"\r\n\r\n") < len(numbers):
            received = connection.recv(1 << 18)
            if not received:
                raise SystemExit("scripts/bench: the connection ended in the midst of the keys")
            answers += received
        if answers.count(b"HTTP/1.1 204") != len(numbers):
            raise SystemExit(f"scripts/bench: not all were let in:\n{answers[:500]}")
    return [connection]
