"""TLS for tests: ClientHellos as bytes, a server that says what it saw, and the openssl command as a client."""
import socket
import ssl
import struct
import subprocess
import threading

from origins import Origin
from raw import DEADLINE, parse_proxy_v2


def vector(width, data):
    return len(data).to_bytes(width, "big") + data


def extension(kind, data):
    return struct.pack("!H", kind) + vector(2, data)


def server_name(name, kind=0):
    return extension(0, vector(2, bytes([kind]) + vector(2, name if isinstance(name, bytes) else name.encode())))


def protocols(*names):
    return extension(16, vector(2, b"".join(vector(1, name.encode()) for name in names)))


def padding(size):
    return extension(21, bytes(size))


def record(payload, kind=22, version=b"\3\1"):
    return bytes([kind]) + version + vector(2, payload)


def message(*extensions):
    """The ClientHello itself, without records."""
    body = (b"\3\3" + b"r" * 32 + vector(1, b"s" * 32) + vector(2, b"\x13\1\x13\2") + vector(1, b"\0")
            + vector(2, b"".join(extensions)))
    return b"\1" + vector(3, body)


def hello(*extensions, record_size=1 << 14):
    whole = message(*extensions)
    return b"".join(record(whole[at:at + record_size]) for at in range(0, len(whole), record_size))


class Bio:
    """A real TLS client that speaks through `client` (a raw Client), so that a test decides how its bytes are sent."""

    def __init__(self, client, context, name):
        self.client = client
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)

    def run(self, call, send):
        """Repeats call() until it needs nothing more; send(bytes) says how its flights go out."""
        while True:
            try:
                result = call()
                if data := self.outgoing.read():
                    send(data)
                return result
            except ssl.SSLWantReadError:
                if data := self.outgoing.read():
                    send(data)
                piece = self.client.socket.recv(65536)
                self.incoming.write(piece) if piece else self.incoming.write_eof()


def client_context(authority, *, alpn=(), certificate=None):
    """A client that verifies, and to which an end without close_notify is an error (with suppress_ragged_eofs=False)."""
    context = ssl.create_default_context(cafile=authority.file)
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if certificate:
        context.load_cert_chain(*certificate)
    return context


class TlsOrigin:
    """A TLS server that answers every line by `says` and what it saw: the name asked for, the protocol, the client's
    certificate. With `proxy`, a PROXY v2 header comes first, and is kept in `headers`. Speaks enough HTTP for curl."""

    def __init__(self, says, certificate, *, alpn=("h2", "http/1.1"), client_ca=None, proxy=False):
        self.says, self.proxy = says, proxy
        self.headers = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.context.set_alpn_protocols(list(alpn))
        self.context.sni_callback = lambda tls, name, _: setattr(tls, "asked", name)
        if client_ca:
            self.context.load_verify_locations(client_ca)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.origin = Origin(self._serve)
        self.address, self.port, self.connections = self.origin.address, self.origin.port, self.origin.connections

    def close(self):
        self.origin.close()

    def _serve(self, connection):
        if self.proxy:
            self.headers.append(take_proxy_header(connection.socket))
        connection.socket = self.context.wrap_socket(connection.socket, server_side=True)
        tls = connection.socket
        common_name = dict(part[0] for part in (tls.getpeercert() or {}).get("subject", ())).get("commonName", "")
        answer = f"{self.says} {getattr(tls, 'asked', None)} {tls.selected_alpn_protocol()} {common_name}\n"
        buffer = b""
        while piece := tls.recv(65536):
            buffer += piece
            if b"\r\n\r\n" in buffer:
                tls.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n{answer}".encode())
                buffer = b""
            elif buffer.endswith(b"\n") and b"HTTP/" not in buffer:
                tls.sendall(answer.encode())
                buffer = b""


def take_proxy_header(plain):
    """Reads exactly one header off a blocking socket."""
    data = plain.recv(16, socket.MSG_WAITALL)
    data += plain.recv(struct.unpack("!H", data[14:16])[0], socket.MSG_WAITALL)
    return parse_proxy_v2(data)


def s_client(port, *arguments, say="", until=None):
    """`openssl s_client`: (exit status, everything it printed). It says `say` once connected, and is ended when it has
    printed `until`; without that it ends when the server does."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-ign_eof" if until else "-brief", *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    killer = threading.Timer(DEADLINE, process.kill)
    killer.start()
    try:
        process.stdin.write(say.encode())
        process.stdin.flush()
        printed = b""
        while piece := process.stdout.read1(65536):
            printed += piece
            if until and until.encode() in printed:
                break
        if until:
            process.kill()
        return process.wait(), printed.decode(errors="replace")
    finally:
        killer.cancel()


def shown(*identities, **more):
    """A listener's `tls` with these (certificate, key)."""
    return {"tls": {"certificates": [{"cert": str(cert), "key": {"file": str(key)}} for cert, key in identities], **more}}


def believing(authority, name="service.internal", **more):
    """An upstream's `tls` that takes what `authority` has issued to `name`."""
    return {"tls": {"verify": str(authority.file), "server_name": name, **more}}


def connect(port, context, name="site.example", *, first=b"", **more):
    """A TLS connection to a listener; `first` goes ahead of it in plain."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
    plain.sendall(first)
    return context.wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=False, **more)
