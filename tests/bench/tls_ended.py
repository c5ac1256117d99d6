"""TLS ended by each contestant, 1.3 only, with one and the same certificate (P-256)."""
import re
import sys
import tempfile
from pathlib import Path

import contestants as c

sys.path.append(str(c.ROOT / "tests/support"))
from certificates import Authority  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="tandem-bench-tls-")


def identity():
    """(certificate, key, both in one file); made once."""
    folder = Path(FOLDER.name)
    both = folder / "both.pem"
    if not both.exists():
        folder.chmod(0o755)
        certificate, key = Authority(folder).issue("bench", addresses=["127.0.0.1"])
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
    return folder / "bench.pem", folder / "bench.key", both


def gateway(contestant, server):
    certificate, key, _ = identity()
    c.gateway(contestant, server, tls=f"""[listener.tls]
[[listener.tls.certificates]]
cert = "{certificate}"
key = {{ file = "{key}" }}
""")


def haproxy(contestant, server):
    c.haproxy(contestant, server, "http", bind=f" ssl crt {identity()[2]} ssl-min-ver TLSv1.3 alpn http/1.1")


def nginx(contestant, server):
    certificate, key, _ = identity()
    c.nginx_http(contestant, server, listen=" ssl",
                 http=f"  ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;\n")


def all_of_them():
    return {"gateway": gateway, "HAProxy": haproxy, "NGINX": nginx}


def ab(tool, path, clients=16):
    """A new connection with a full handshake for every request: ab knows no resumption."""
    def run(port, seconds, folder):
        told = tool("ab", "-q", "-f", "TLS1.3", "-n", 10_000_000, "-t", max(1, round(seconds)), "-c", clients, f"https://127.0.0.1:{port}{path}")
        count, failed = (int(re.search(rf"{what} requests:\s+(\d+)", told)[1]) for what in ("Complete", "Failed"))
        if failed or not count or "Non-2xx" in told or "TLSv1.3" not in told:
            raise SystemExit(f"scripts/bench: ab met errors:\n{told}")
        return count, float(re.search(r"99%\s+(\d+)", told)[1])
    return run
