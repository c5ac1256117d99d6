"""Runs the built programs for a test: writes their configuration, reads the addresses they chose from what they print,
reads their logs, and checks that they end well. TANDEM_BIN says where they are."""
import contextlib
import ctypes
import http.client
import json
import os
import re
import resource
import select
import signal
import subprocess
import threading
from pathlib import Path

from raw import DEADLINE, wait_until

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("TANDEM_BIN", ROOT / ".build/dev/bin"))
BIG = os.environ.get("TANDEM_BIG") == "1"  # the full sizes of the acceptance runs instead of the quick ones


def sanitized():
    """Whether the programs were built with a sanitizer: bounds on memory and time mean nothing then."""
    binary = (BIN / "lb").read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


def toml(value):
    """A Python value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) + " }"
    return json.dumps(value) if isinstance(value, str) else str(value)


def section(title, /, **keys):
    return f"{title}\n" + "".join(f"{key} = {toml(value)}\n" for key, value in keys.items() if value is not None) + "\n"


def common(*, drain="5s", drain_delay="0s", workers=1, log=None, **process):
    return (section("[process]", workers=workers, drain=drain, drain_delay=drain_delay, **process)
            + section("[admin]", listen="127.0.0.1:0") + section("[log]", **{"access": "access.log", **(log or {})}))


def listed(servers):
    return servers if isinstance(servers, str) else list(servers)  # "dns:…", "srv:…"


def lb_config(servers, *, listener=None, upstream=None, health=None, **process):
    """One listener "front" before `servers`; the keyword tables add keys or replace them. No checks unless asked for."""
    return (common(**process)
            + section("[[listener]]", **{"name": "front", "listen": "127.0.0.1:0", "upstream": "servers", **(listener or {})})
            + section("[upstream.servers]", servers=listed(servers), **(upstream or {}))
            + section("[upstream.servers.health]", **(health or {"check": "off"})))


def gateway_config(servers, *, listener=None, upstream=None, health=None, routes=None, defaults=None, **process):
    """One listener "front"; everything goes to the upstream "service" unless `routes` (TOML text) says otherwise."""
    routes = routes if routes is not None else section("[[route]]", name="all", match="/{rest...}", to="service")
    return (common(**process)
            + section("[defaults]", **{"public": True, "timeout": "5s", **(defaults or {})})
            + section("[[listener]]", **{"name": "front", "listen": "127.0.0.1:0", **(listener or {})})
            + section("[upstream.service]", servers=listed(servers), **(upstream or {}))
            + section("[upstream.service.health]", **(health or {"check": "off"}))
            + routes)


class Adopted:
    """A process that one of ours has started and that came to us (see adopt_orphans()), as a Popen shows one."""

    def __init__(self, pid):
        self.pid, self.returncode = pid, None
        self.descriptor = os.pidfd_open(pid)

    def send_signal(self, number):
        signal.pidfd_send_signal(self.descriptor, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def poll(self):
        if self.returncode is None and select.select([self.descriptor], [], [], 0)[0]:
            try:
                self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            except ChildProcessError:  # its parent was faster
                self.returncode = 0
        return self.returncode

    def wait(self, timeout=DEADLINE):
        if not select.select([self.descriptor], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired([str(self.pid)], timeout)
        return self.poll()


def adopt_orphans():
    """Processes whose parent ends become children of this one, so that their status can be asked for."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


CONFIG = {"lb": lb_config, "gateway": gateway_config}


class Program:
    """A running lb or gateway. `folder` holds its configuration and its access log. `activate`: sockets by name that it
    is started with, as systemd does it."""

    def __init__(self, name, config, folder, *, files=None, descriptors=None, wait=True, environment=None,
                 activate=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.folder = name, folder
        self.config = folder / f"{name}.toml"
        self.config.write_text(config)
        for other, text in (files or {}).items():
            (folder / other).write_text(text)
        self.lines = []  # stderr so far
        self.former = []  # processes that upgrades have replaced
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))) if descriptors else None
        fds = [one.fileno() for one in (activate or {}).values()]
        before = ["/usr/bin/python3", ROOT / "tests/support/activate.py", ",".join(map(str, fds)), ":".join(activate)] if fds else []
        self.process = subprocess.Popen([*before, BIN / name, "run", "-c", self.config], cwd=folder,
                                        stdin=subprocess.DEVNULL, stdout=open(folder / "stdout", "ab"),
                                        stderr=subprocess.PIPE, preexec_fn=limit, pass_fds=fds,
                                        env={**os.environ, **(environment or {})})
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if wait:
            self.wait_ready()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    @property
    def stderr(self):
        return "\n".join(self.lines)

    def wait_ready(self):
        def ready():
            assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.stderr}"
            return any(line.strip() == "ready" for line in list(self.lines))
        wait_until(ready, 60 if sanitized() else DEADLINE, f"{self.name}'s line \"ready\"")
        return self

    def port(self, listener="front"):
        return self._printed(rf"listening {re.escape(listener)} .*:(\d+)")

    @property
    def admin_port(self):
        return self._printed(r"admin .*:(\d+)")

    def _printed(self, pattern):
        for line in list(self.lines):
            if match := re.fullmatch(pattern, line.strip()):
                return int(match[1])
        raise AssertionError(f"{self.name} printed no line {pattern!r}:\n{self.stderr}")

    def admin(self, path, method="GET"):
        """(status, headers, body) of one admin call."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=DEADLINE)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def reload(self, text):
        """The command, as a person gives it, with this configuration; waits for the outcome."""
        self.config.write_text(text)
        done = run(self.name, "reload", "--admin", f"127.0.0.1:{self.admin_port}")
        assert done.returncode == 0, done.stderr + self.stderr[-2000:]

    def upgrade(self):
        """USR2; gives the old process once the new one, from here on `process`, serves."""
        seen = len(self.lines)
        self.process.send_signal(signal.SIGUSR2)
        return self.succeed_to(seen)

    def succeed_to(self, seen=0):
        """Waits for an upgrade that stderr tells of after `seen` lines, and likewise."""
        def successor():
            for line in self.lines[seen:]:
                assert "this process goes on" not in line, line
                if match := re.search(r"upgrade: process (\d+) serves from now on", line):
                    return int(match[1])
        adopt_orphans()
        pid = wait_until(successor, 60 if sanitized() else DEADLINE, "the new process")
        old, self.process = self.process, Adopted(pid)
        self.former.append(old)
        return old

    def metric(self, name, **labels):
        """The sum of the samples of `name` whose labels include `labels`."""
        total = 0.0
        for line in self.admin("/metrics")[2].splitlines():
            match = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
            if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
                total += float(match[2])
        return total

    def access_log(self, count=0, **fields):
        """The lines that have these values; waits until there are `count`."""
        def lines():
            path = self.folder / "access.log"
            text = path.read_text() if path.exists() else ""
            entries = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
            found = [entry for entry in entries if all(entry.get(key) == value for key, value in fields.items())]
            return (found,) if len(found) >= count else None
        return wait_until(lines, what=f"{count} access log lines with {fields}")[0]

    def peak_kib(self):
        return self._proc_status("VmHWM")

    def resident_kib(self):
        return self._proc_status("VmRSS")

    def _proc_status(self, key):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{key}:\s+(\d+) kB", text)[1])

    def sockets(self):
        """How many it has open. Pipes are left out: a pool keeps them for the next big flow."""
        links = []
        for path in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since it was listed
                links.append(os.readlink(path))
        return sum(link.startswith("socket:") for link in links)

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def term(self):
        self.process.send_signal(signal.SIGTERM)
        return self

    def wait(self, deadline=DEADLINE):
        status = self.process.wait(deadline)
        self.reader.join(DEADLINE)
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, status=0):
        """TERM (twice, so that nothing is waited for), and the end is a clean one."""
        for old in self.former:
            if old.poll() is None:
                old.send_signal(signal.SIGTERM)
                old.send_signal(signal.SIGTERM)
            assert old.wait(DEADLINE) in (0, -signal.SIGKILL), f"{self.name}:\n{self.stderr[-4000:]}"
        if self.process.poll() is None:
            self.term()
            try:
                self.process.wait(0.3)
            except subprocess.TimeoutExpired:
                self.term()
        try:
            ended = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end after TERM:\n{self.stderr[-4000:]}") from None
        self.check_clean()
        if ended != -signal.SIGKILL:  # a test killed it
            assert ended == status, f"{self.name} ended with {ended}:\n{self.stderr[-4000:]}"

    def check_clean(self):
        for finding in ("Sanitizer", "runtime error:"):
            assert finding not in self.stderr, f"{self.name}:\n{self.stderr[-8000:]}"


def run(name, *arguments, folder=None, timeout=DEADLINE, as_user=None):
    """One command to its end: the CompletedProcess, with text."""
    return subprocess.run([BIN / name, *arguments], cwd=folder, capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, user=as_user)
