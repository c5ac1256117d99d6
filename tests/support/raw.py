"""Clients that say exactly the bytes they are given: a raw socket with a deadline, HTTP/1 answers read from it, and
PROXY protocol headers made and taken apart."""
import socket
import struct
import time
from dataclasses import dataclass

DEADLINE = 20.0  # nothing here waits longer; a test that needs more time says so
PROXY_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def wait_until(condition, deadline=DEADLINE, what="the condition"):
    """Polls until condition() is true and gives its value; fails the test after `deadline` seconds."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come true within {deadline} s"
        time.sleep(0.02)


@dataclass
class Answer:
    status: int
    version: str
    headers: list  # (name, value) in the order they came
    body: bytes
    complete: bool  # False: the connection ended inside the body

    def header(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]


class Client:
    """A connection to a port, or to "unix:PATH". Everything received and not yet asked for stays in `buffer`."""

    def __init__(self, port, *, timeout=DEADLINE, first=b"", receive_buffer=None, host="127.0.0.1"):
        local = isinstance(port, str)
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(port.removeprefix("unix:") if local else (host, port))
        if not local:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        if first:
            self.send(first)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        return self.socket.getsockname()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
        return self

    def send_bytewise(self, data):
        """One byte a segment, as far as TCP lets one say so; ends early when the other side has closed."""
        for byte in data:
            try:
                self.socket.send(bytes([byte]))
            except (ConnectionError, BrokenPipeError):
                break
        return self

    def shutdown_write(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def receive(self, size):
        """Exactly `size` bytes, or fewer when the other side ends."""
        while len(self.buffer) < size and self._more():
            pass
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def read_until(self, mark):
        """Up to and with `mark`; all there is when the other side ends before it."""
        while mark not in self.buffer and self._more():
            pass
        cut = self.buffer.find(mark)
        size = len(self.buffer) if cut < 0 else cut + len(mark)
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def read_all(self):
        """Until the other side ends."""
        while self._more():
            pass
        taken, self.buffer = self.buffer, b""
        return taken

    def ended(self):
        """True once the other side has ended (or reset) and nothing is left to read."""
        return not self.buffer and not self._more()

    def answer(self, to="GET"):
        """One HTTP/1 answer; None when the connection ended before a head. Interim heads (1xx) are passed over."""
        while True:
            head = self.read_until(b"\r\n\r\n")
            if not head.endswith(b"\r\n\r\n"):
                assert not head, f"the connection ended inside a head: {head!r}"
                return None
            first, *lines = head[:-4].decode("latin-1").split("\r\n")
            version, status = first.split(" ")[:2]
            headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
            if int(status) >= 200 or status == "101":
                break
        answer = Answer(int(status), version, headers, b"", True)
        if to != "HEAD" and answer.status not in (101, 204, 304):
            self._body(answer)
        return answer

    def _body(self, answer):
        if (answer.header("Transfer-Encoding") or "").lower() == "chunked":
            while True:
                line = self.read_until(b"\r\n")
                if not line.endswith(b"\r\n"):
                    answer.complete = False
                    return
                size = int(line.split(b";")[0], 16)
                piece = self.receive(size + 2)
                answer.body += piece[:size]
                if size == 0 or len(piece) < size + 2:
                    answer.complete = len(piece) == size + 2
                    return
        elif (length := answer.header("Content-Length")) is not None:
            answer.body = self.receive(int(length))
            answer.complete = len(answer.body) == int(length)
        else:
            answer.body = self.read_all()

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def _more(self):
        try:
            piece = self.socket.recv(256 * 1024)
        except ConnectionError:
            return False
        self.buffer += piece
        return bool(piece)


def ask(port, request, *, to="GET", first=b""):
    """One request on a connection of its own."""
    with Client(port, first=first) as client:
        return client.send(request).answer(to)


def get(port, target="/", headers="", **more):
    return ask(port, f"GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n", **more)


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def proxy_v2(source=("192.0.2.7", 4711), target=("192.0.2.1", 80), *, tlvs=b"", command=1, family=None, version=2):
    """A PROXY protocol v2 header; command 0 is LOCAL."""
    if command == 0 and family is None:
        addresses, family = b"", 0
    elif ":" in source[0]:
        addresses = socket.inet_pton(socket.AF_INET6, source[0]) + socket.inet_pton(socket.AF_INET6, target[0])
        addresses, family = addresses + struct.pack("!HH", source[1], target[1]), family or 0x21
    else:
        addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
        addresses, family = addresses + struct.pack("!HH", source[1], target[1]), family or 0x11
    body = addresses + tlvs
    return PROXY_SIGNATURE + struct.pack("!BBH", version << 4 | command, family, len(body)) + body


@dataclass
class ProxyHeader:
    command: int
    source: tuple
    target: tuple
    tlvs: dict
    size: int


def parse_proxy_v2(data):
    """Takes the header at the front of `data` apart; None while it is not whole."""
    if len(data) < 16:
        return None
    assert data.startswith(PROXY_SIGNATURE), f"no PROXY v2 header: {data[:16]!r}"
    version_command, family, length = struct.unpack("!BBH", data[12:16])
    if len(data) < 16 + length:
        return None
    assert version_command >> 4 == 2
    width = {0x11: 4, 0x21: 16}.get(family, 0)
    kind = socket.AF_INET6 if width == 16 else socket.AF_INET
    body = data[16:16 + length]
    source = target = None
    if width:
        ports = struct.unpack("!HH", body[2 * width:2 * width + 4])
        source = (socket.inet_ntop(kind, body[:width]), ports[0])
        target = (socket.inet_ntop(kind, body[width:2 * width]), ports[1])
    rest, tlvs = body[2 * width + 4 if width else 0:], {}
    while rest:
        number, size = struct.unpack("!BH", rest[:3])
        tlvs[number], rest = rest[3:3 + size], rest[3 + size:]
    return ProxyHeader(version_command & 15, source, target, tlvs, 16 + length)
