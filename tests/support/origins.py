"""Servers for the programs to stand in front of: scripted ones on Python threads, and a real nginx."""
import os
import socket
import struct
import subprocess
import threading
from dataclasses import dataclass, field

from raw import DEADLINE, wait_until


class Origin:
    """Accepts on a free port, or at `path`, and runs `behaviour(connection)` in a thread for each connection."""

    def __init__(self, behaviour, port=0, host="127.0.0.1", path=None):
        self.behaviour = behaviour
        self.connections = []  # every Connection since the start
        self.port, self.address = None, f"unix:{path}"
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
        else:
            self._bind(host, port)
        self.listener.listen(1024)
        threading.Thread(target=self._accept, daemon=True).start()

    def _bind(self, host, port):
        self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.port = self.listener.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def _accept(self):
        while True:
            try:
                connected, peer = self.listener.accept()
            except OSError:
                return
            connection = Connection(connected, peer)
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self.behaviour(connection)
        except OSError as error:
            connection.error = error
        finally:
            connection.close()

    def close(self):
        """Refuses from now on; connections that stand go on."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    @classmethod
    def echo(cls, **where):
        def behaviour(connection):
            while piece := connection.read():
                connection.socket.sendall(piece)
            connection.socket.shutdown(socket.SHUT_WR)
        return cls(behaviour, **where)

    @classmethod
    def says(cls, data):
        """Sends `data` at once, then ends its side and reads to the end."""
        def behaviour(connection):
            connection.socket.sendall(data)
            connection.socket.shutdown(socket.SHUT_WR)
            connection.read_all()
        return cls(behaviour)

    @classmethod
    def closing(cls):
        return cls(lambda connection: None)

    @classmethod
    def silent(cls):
        """Reads and never answers."""
        return cls(lambda connection: connection.read_all())

    @classmethod
    def resetting(cls, after=1):
        """Resets the connection once `after` bytes have come."""
        def behaviour(connection):
            while len(connection.received) < after and connection.read():
                pass
            connection.reset()
        return cls(behaviour)


class Connection:
    def __init__(self, connected, peer):
        self.socket, self.peer = connected, peer
        self.received = bytearray()
        self.ended = threading.Event()  # the other side has ended or reset
        self.closed = threading.Event()
        self.error = None
        connected.settimeout(DEADLINE * 3)
        if connected.family != socket.AF_UNIX:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, size=256 * 1024):
        try:
            piece = self.socket.recv(size)
        except OSError:
            self.ended.set()
            raise
        self.received += piece
        if not piece:
            self.ended.set()
        return piece

    def read_all(self):
        while self.read():
            pass
        return self.received

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()
        self.closed.set()


class RefusingPort:
    """A port that is taken, so that nobody else gets it, and refuses every connection."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"

    def close(self):
        self.socket.close()


@dataclass
class Request:
    method: str
    target: str
    version: str
    headers: list
    body: bytes
    raw: bytes  # the head as it came

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def header(self, name):
        values = self.all(name)
        return values[0] if values else None


@dataclass
class HttpOrigin:
    """An HTTP service that records every request and answers the raw bytes that `answer(request)` gives. None closes
    the connection. Bytes that do not end in framing are ended by closing when `close` is true."""
    answer: object = None
    close: bool = False
    requests: list = field(default_factory=list)
    path: object = None  # of a unix socket

    def __post_init__(self):
        self.answer = self.answer or (lambda request: response(request.target.encode()))
        self.origin = Origin(self._serve, path=self.path)
        self.port, self.address = self.origin.port, self.origin.address

    @property
    def connections(self):
        return self.origin.connections

    def _serve(self, connection):
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                piece = connection.read()
                if not piece:
                    return
                buffer += piece
            head, buffer = buffer.split(b"\r\n\r\n", 1)
            request, buffer = self._request(connection, head, buffer)
            self.requests.append(request)
            answer = self.answer(request)
            if answer is None:
                return
            connection.socket.sendall(answer)
            if self.close:
                return

    @staticmethod
    def _request(connection, head, buffer):
        def need(size):
            nonlocal buffer
            pieces, count = [buffer], len(buffer)
            while count < size:
                pieces.append(connection.read())
                count += len(pieces[-1])
                if not pieces[-1]:
                    raise ConnectionResetError("the request ended early")
            whole = b"".join(pieces)
            buffer = whole[size:]
            return whole[:size]

        def line():
            nonlocal buffer
            while b"\r\n" not in buffer:
                piece = connection.read()
                if not piece:
                    raise ConnectionResetError("the request ended early")
                buffer += piece
            taken, buffer = buffer.split(b"\r\n", 1)
            return taken

        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
        headers = [tuple(part.strip() for part in text.split(":", 1)) for text in lines]
        names = {name.lower(): value for name, value in headers}
        body = b""
        if names.get("transfer-encoding") == "chunked":
            while size := int(line().split(b";")[0], 16):
                body += need(size)
                need(2)
            while line():
                pass
        else:
            body = need(int(names.get("content-length", 0)))
        return Request(method, target, version, headers, body, head), buffer


def response(body=b"", status=200, headers="", reason="OK"):
    return f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode("latin-1") + body


def chunked(*pieces, headers=""):
    text = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n".encode() + text + b"0\r\n\r\n"


def free_port():
    """For programs that cannot choose one themselves: free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """A real nginx in the foreground under `folder`: serves folder/www, takes PUT below /put/, answers /headers."""

    def __init__(self, folder, server=""):
        self.www = folder / "www"
        for name in ("www/put", "logs", "tmp"):
            (folder / name).mkdir(parents=True)
        os.chmod(folder, 0o755)
        for _ in range(5):
            self.port = free_port()
            self.address = f"127.0.0.1:{self.port}"
            (folder / "nginx.conf").write_text(self._configuration(folder, server))
            self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "logs/error.log"],
                                            stderr=subprocess.DEVNULL)
            if self._up():
                return
        raise AssertionError((folder / "logs/error.log").read_text()[-2000:])

    def _configuration(self, folder, server):
        paths = "".join(f"{kind}_temp_path {folder}/tmp/{kind};\n" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        return f"""{user} daemon off; worker_processes 1; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  {paths} access_log {folder}/logs/access.log; default_type application/octet-stream; client_max_body_size 0;
  keepalive_requests 100000;
  server {{
    listen 127.0.0.1:{self.port}; root {self.www};
    location /put/ {{ dav_methods PUT DELETE; create_full_put_path on; }}
    location /headers {{ add_header Seen-For "$http_x_forwarded_for"; return 200 "$request_method $request_uri $server_protocol\\n"; }}
    {server}
  }}
}}
"""

    def _up(self):
        def ready():
            if self.process.poll() is not None:
                return "ended"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return "up"
            except OSError:
                return None
        return wait_until(ready, what="nginx") == "up"

    def close(self):
        self.process.terminate()
        self.process.wait(DEADLINE)
