"""A real redis-server for a test: on a port of its own, with a password or TLS where wanted; it can be killed, stopped,
and started again at the same place."""
import os
import signal
import subprocess

import redis

from origins import free_port
from raw import DEADLINE, wait_until


class RedisServer:
    def __init__(self, folder, *, start=True, tls=None, persistent=False, **settings):
        """`tls`: (authority's file, certificate, key). `settings`: of redis.conf, with _ for -. `persistent`: what it
        knows survives a kill."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port, self.process, self.tls = folder, free_port(), None, tls
        settings = {"save": '""', "appendonly": "yes" if persistent else "no", "appendfsync": "always", **settings}
        if tls:
            authority, certificate, key = tls
            settings |= {"port": 0, "tls_port": self.port, "tls_ca_cert_file": authority, "tls_cert_file": certificate,
                         "tls_key_file": key, "tls_auth_clients": "no"}
        else:
            settings |= {"port": self.port}
        self.password = settings.get("requirepass")
        self.arguments = [f"--{name.replace('_', '-')} {value}" for name, value in settings.items()]
        if start:
            self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        (self.folder / "redis.conf").write_text("\n".join(["bind 127.0.0.1", f"dir {self.folder}", "daemonize no"] + [
            argument.removeprefix("--") for argument in self.arguments]) + "\n")
        self.process = subprocess.Popen(["redis-server", "redis.conf"], cwd=self.folder, stdin=subprocess.DEVNULL,
                                        stdout=open(self.folder / "redis.log", "ab"), stderr=subprocess.STDOUT)

        def up():
            assert self.process.poll() is None, (self.folder / "redis.log").read_text()[-2000:]
            try:
                return self.client().ping()
            except redis.exceptions.ConnectionError:
                return False
            except redis.exceptions.ResponseError:  # it wants a password, is loading …
                return True
        wait_until(up, what="redis-server")

    def client(self, **more):
        tls = {"ssl": True, "ssl_ca_certs": self.tls[0]} if self.tls else {}
        return redis.Redis("127.0.0.1", self.port, password=self.password, socket_timeout=DEADLINE, **tls, **more)

    def kill(self):
        self.resume()
        self.process.kill()
        self.process.wait()

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
