"""A small name server on a free port of the loopback, over UDP and TCP, that answers A, AAAA and SRV from a table and
can be told to fail in every way that name servers know."""
import ipaddress
import random
import socket
import struct
import threading

from raw import DEADLINE

TYPES = {"A": 1, "CNAME": 5, "AAAA": 28, "SRV": 33}
NAMES = {number: name for name, number in TYPES.items()}


def encoded_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def encoded_data(kind, value):
    """"127.0.0.1", "::1", "other.name" or (priority, weight, port, target)."""
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "CNAME":
        return encoded_name(value)
    priority, weight, port, target = value
    return struct.pack(">HHH", priority, weight, port) + encoded_name(target)


class DnsServer:
    """`mode` is what it does with every question:
    answer   the records; a name without any is NXDOMAIN, one without this type has no data
    empty nxdomain servfail refused    that answer, whatever is asked
    silent   nothing
    garbage  bytes that are no message
    cut      the right answer, cut in its middle
    lying    the records of another name, under that name
    stranger the right answer to a question that was not asked (another id)
    truncated over UDP nothing but "ask by TCP"
    """

    def __init__(self):
        self.records = {}  # (name, kind) -> [value]
        self.ttl = 1
        self.mode = "answer"
        self.modes = {}  # kind -> mode, instead of it
        self.asked = []  # (name, kind, "udp" or "tcp")
        self.tcp, self.udp = self._bind()
        self.port = self.udp.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.closed = False
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    @staticmethod
    def _bind():
        while True:
            tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
            tcp.bind(("127.0.0.1", 0))
            tcp.listen(16)
            try:
                udp.bind(tcp.getsockname())
                return tcp, udp
            except OSError:
                tcp.close()
                udp.close()

    def set(self, name, kind, *values):
        """Replaces what the name has of this kind; nothing takes it away."""
        self.records.pop((name, kind), None)
        if values:
            self.records = {**self.records, (name, kind): list(values)}

    def count(self, kind="A"):
        return sum(asked[1] == kind for asked in list(self.asked))

    def _serve_udp(self):
        while True:
            try:
                question, peer = self.udp.recvfrom(65535)
                if self.closed:
                    return
                answer = self._answer(question, "udp")
                if answer:
                    self.udp.sendto(answer, peer)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                connected, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_one, args=(connected,), daemon=True).start()

    def _serve_one(self, connected):
        with connected:
            connected.settimeout(DEADLINE)
            stream = connected.makefile("rb")
            try:
                while size := stream.read(2):
                    answer = self._answer(stream.read(struct.unpack(">H", size)[0]), "tcp")
                    if answer:
                        # In pieces, as a network may bring it.
                        whole = struct.pack(">H", len(answer)) + answer
                        for piece in (whole[:1], whole[1:5], whole[5:]):
                            connected.sendall(piece)
            except OSError:
                pass

    def _answer(self, question, transport):
        ident, at, labels = question[:2], 12, []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        number = struct.unpack(">H", question[at + 1:at + 3])[0]
        asked, name, kind = question[12:at + 5], ".".join(labels).lower(), NAMES.get(number, str(number))
        self.asked.append((name, kind, transport))
        mode = self.modes.get(kind, self.mode)
        if mode == "silent":
            return None
        if mode == "garbage":
            return random.randbytes(40)
        if mode == "truncated" and transport == "udp":
            return ident + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + asked
        failure = {"servfail": 2, "nxdomain": 3, "refused": 5}.get(mode)
        if failure or mode == "empty":
            return ident + struct.pack(">HHHHH", 0x8180 | (failure or 0), 1, 0, 0, 0) + asked
        return self._records(ident, asked, name, kind, mode)

    def _records(self, ident, asked, name, kind, mode):
        owner, records = b"\xc0\x0c", []
        if alias := self.records.get((name, "CNAME")):
            records.append(owner + struct.pack(">HHIH", 5, 1, self.ttl, len(encoded_name(alias[0]))) + encoded_name(alias[0]))
            name, owner = alias[0], encoded_name(alias[0])
        if mode == "lying":
            owner = encoded_name("somebody.else")
        for value in self.records.get((name, kind), []):
            data = encoded_data(kind, value)
            records.append(owner + struct.pack(">HHIH", TYPES[kind], 1, self.ttl, len(data)) + data)
        known = any(other == name for other, _ in self.records)
        message = ident + struct.pack(">HHHHH", 0x8180 | (0 if known else 3), 1, len(records), 0, 0) + asked + b"".join(records)
        if mode == "stranger":
            return bytes([message[0] ^ 0xff]) + message[1:]
        return message[:len(message) - 3] if mode == "cut" and records else message

    def close(self):
        self.closed = True
        self.tcp.close()
        self.udp.close()
