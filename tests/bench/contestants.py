"""Who is measured: our programs and the peers that apt installs, each with a configuration that does the same work:
one thread, an access log to a file, no health checks, the same two servers behind it where there are two."""
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("TANDEM_BIN", ROOT / ".build/release/bin"))
NGINX_STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
PROXY_CORE, LOAD_CORE = "0", "1"
DESCRIPTORS = min(20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
CONNECTIONS = DESCRIPTORS // 3  # two descriptors each, and pipes


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_port(port, process=None, deadline=20):
    end = time.monotonic() + deadline
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end or (process and process.process.poll() is not None):
                raise SystemExit(f"scripts/bench: nothing listens on port {port}\n{process.said() if process else ''}") from None
            time.sleep(0.02)


class Process:
    """One process (and its children) on one core."""

    def __init__(self, core, command, folder, output):
        self.log, self.errors = folder / f"{output}.out", folder / f"{output}.err"
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(["taskset", "-c", core, *map(str, command)], cwd=folder, stdout=out,
                                            stderr=open(self.errors, "ab"), stdin=subprocess.DEVNULL)

    def pids(self):
        pids = [self.process.pid]
        for pid in pids:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                pids.extend(int(child) for child in children.read_text().split())
        return pids

    def said(self):
        return self.log.read_text()[-1500:] + self.errors.read_text()[-1500:]

    def cpu_seconds(self):
        """User and system time of every process and thread."""
        total = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Proportional set size in bytes: shared pages count by their share."""
        return sum(int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) * 1024
                   for pid in self.pids())

    def stop(self):
        for signal_ in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(signal_)
                try:
                    self.process.wait(0.5)
                except subprocess.TimeoutExpired:
                    pass


class Contestant:
    """One or two processes between the load and the server; `configurations` are what they run with, by file name."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        folder.mkdir(parents=True)
        self.processes, self.configurations = [], {}
        self.before_end, self.at_end = [], []  # what else is to be done before the processes end, and behind it
        self.port = None

    def run(self, file, text, command, port):
        (self.folder / file).write_text(text)
        self.configurations[file] = text
        process = Process(PROXY_CORE, [str(part).replace("CONFIG", str(self.folder / file)) for part in command],
                          self.folder, Path(file).stem)
        wait_port(port, process)
        self.processes.append(process)
        self.port = port

    def cpu_seconds(self):
        return sum(process.cpu_seconds() for process in self.processes)

    def memory(self):
        return sum(process.memory() for process in self.processes)

    def stop(self):
        for action in self.before_end:
            action()
        for process in reversed(self.processes):
            process.stop()
        for action in self.at_end:
            action()


def lb(contestant, server, proxy_protocol="off", logs=True):
    port = free_port()
    contestant.run("lb.toml", f"""[process]
workers = 1
max_connections = {CONNECTIONS}
[log]
level = "warn"
access = "{'lb-access.log' if logs else 'off'}"
[[listener]]
listen = "127.0.0.1:{port}"
upstream = "servers"
[upstream.servers]
servers = ["127.0.0.1:{server}"]
proxy_protocol = "{proxy_protocol}"
health = {{ check = "off" }}
""", [BIN / "lb", "run", "-c", "CONFIG"], port)


EVERYTHING = """[[route]]
match = "/{rest...}"
to = "service"
public = true
"""


def gateway(contestant, server, proxy_protocol=False, routes=EVERYTHING, tls="", logs=True, more=""):
    port = free_port()
    trusted = 'proxy_protocol_from = ["127.0.0.1/32"]' if proxy_protocol else ""
    contestant.run("gateway.toml", f"""[process]
workers = 1
max_connections = {CONNECTIONS}
[log]
level = "warn"
access = "{'gateway-access.log' if logs else 'off'}"
[[listener]]
listen = "127.0.0.1:{port}"
{trusted}
{tls}[upstream.service]
servers = ["127.0.0.1:{server}"]
health = {{ check = "off" }}
{more}{routes}""", [BIN / "gateway", "run", "-c", "CONFIG"], port)


def haproxy(contestant, server, mode, tuned=False, send_proxy=False, bind="", front="", back="", more=""):
    port = free_port()
    tuning = "  tune.bufsize 65536\n" if tuned else ""
    # CONFIG is given by -f; the master-worker mode of the package is left out: it adds a process and no work.
    contestant.run("haproxy.cfg", f"""global
  nbthread 1
  maxconn {CONNECTIONS}
  log stdout format raw local0
{tuning}defaults
  mode {mode}
  log global
  option {mode}log
{'  option splice-request' + chr(10) + '  option splice-response' + chr(10) if tuned and mode == 'tcp' else ''}  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend front
  bind 127.0.0.1:{port}{bind}
{front}  default_backend servers
backend servers
{back}  server s1 127.0.0.1:{server}{' send-proxy-v2' if send_proxy else ''}
{more}""", [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", "CONFIG"], port)


NGINX_HEAD = """daemon off; master_process off; worker_processes 1; worker_rlimit_nofile {limit}; pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
{load}events {{ worker_connections {limit}; }}
"""


def nginx_paths(folder):
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        (folder / kind).mkdir(exist_ok=True)
    return "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))


def nginx_command():
    return [shutil.which("nginx") or "/usr/sbin/nginx", "-e", "/dev/null", "-c", "CONFIG"]


def nginx_stream(contestant, server):
    port, folder = free_port(), contestant.folder
    contestant.run("nginx.conf", NGINX_HEAD.format(folder=folder, limit=DESCRIPTORS, load=f"load_module {NGINX_STREAM};\n") + f"""stream {{
  log_format line '$remote_addr [$time_local] $protocol $status $bytes_sent $bytes_received $session_time $upstream_addr';
  access_log {folder}/access.log line;
  upstream servers {{ server 127.0.0.1:{server}; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; proxy_pass servers; }}
}}
""", nginx_command(), port)


def nginx_http(contestant, server, proxy_protocol=False, listen="", http="", location=""):
    port, folder = free_port(), contestant.folder
    contestant.run("nginx.conf", NGINX_HEAD.format(folder=folder, limit=DESCRIPTORS, load="") + f"""http {{
{nginx_paths(folder)}  access_log {folder}/access.log combined;
  keepalive_requests 1000000; client_max_body_size 0;
{http}  upstream servers {{ server 127.0.0.1:{server}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096{' proxy_protocol' if proxy_protocol else ''}{listen};
    location / {{
      proxy_pass http://servers; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_request_buffering off; {location}
    }}
  }}
}}
""", nginx_command(), port)


def chain_of_ours(contestant, server):
    gateway(contestant, server, proxy_protocol=True)
    lb(contestant, contestant.port, proxy_protocol="v2")


def chain_of_peers(contestant, server):
    nginx_http(contestant, server, proxy_protocol=True)
    haproxy(contestant, contestant.port, "tcp", send_proxy=True)


def json_text(size):
    """As a service would say it, of exactly that size."""
    items = [{"id": n, "name": f"item number {n}", "price": n * 1.25, "tags": ["new", "cheap"], "of": {"shop": n % 7}} for n in range(size // 110)]
    text = json.dumps({"items": items, "note": ""}, separators=(",", ":"))
    return text[:-2] + "x" * (size - len(text)) + text[-2:]


def origin_nginx(folder):
    """The service of the layer-7 workloads, on the load's core: a small answer, a 100 KB file, anything POSTed, and what may be
    stored for an hour; requests for that are logged."""
    folder.mkdir(parents=True)
    port = free_port()
    (folder / "www").mkdir()
    (folder / "www/stored").mkdir()
    for name, size in (("100k", 100_000), ("stored/1k", 1000), ("stored/100k", 100_000)):
        (folder / "www" / name).write_bytes(os.urandom(size))
    (folder / "www/part").mkdir()
    for name in "abc":
        (folder / "www/part" / name).write_text(json_text(5000))
    config = folder / "nginx.conf"
    config.write_text(NGINX_HEAD.format(folder=folder, limit=DESCRIPTORS, load="") + f"""http {{
{nginx_paths(folder)}  access_log off; keepalive_requests 100000000; client_max_body_size 0; keepalive_timeout 600s;
  server {{
    listen 127.0.0.1:{port} backlog=4096; root {folder}/www;
    location = /small {{ return 200 "hello, this is a small answer of sixty-four bytes, or about that\\n"; }}
    location /stored/ {{ add_header Cache-Control "public, max-age=3600"; access_log {folder}/cached.log; }}
    location /part/ {{ default_type application/json; }}
    location = /post {{ return 200 "taken\\n"; }}
    location = /v1/traces {{ return 200 "{{}}"; }}
  }}
}}
""")
    process = Process(LOAD_CORE, [part.replace("CONFIG", str(config)) for part in nginx_command()], folder, "origin")
    wait_port(port, process)
    return process, port


def sink(folder, mode):
    """The server of the layer-4 workloads, on the load's core."""
    folder.mkdir(parents=True)
    process = Process(LOAD_CORE, [BIN / "l4sink", mode], folder, "sink")
    for _ in range(500):
        if (text := process.log.read_text()).endswith("\n"):
            return process, int(text)
        time.sleep(0.02)
    raise SystemExit("scripts/bench: l4sink did not start")
