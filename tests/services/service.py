"""What the shop's three services share: a small threaded HTTP/1.1 server over the standard library. A service gives
its routes; every service also answers /healthz, /echo (the request as it arrived), /upload (reads a body of any size,
with a length or chunked, and answers its sha256) and /download?bytes=N (N bytes, the same ones every time)."""
import argparse
import hashlib
import json
import re
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

BLOCK = b"".join(hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(2048))  # 64 KiB that do not repeat


def content(total):
    """The first `total` bytes of an endless text: each 64 KiB block begins with its number, so a lost or doubled block
    shows in the hash."""
    for number in range(-(-total // len(BLOCK))):
        block = number.to_bytes(8, "big") + BLOCK[8:]
        yield block[: total - number * len(BLOCK)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    wbufsize = 64 * 1024
    routes = []
    service = ""

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):  # the other side left
            self.close_connection = True

    def answer_request(self):
        target = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(target.query).items()}
        for methods, pattern, action in [*self.routes, *COMMON]:
            match = re.fullmatch(pattern, target.path)
            if match and self.command in methods:
                return action(self, *map(unquote, match.groups()), **({"query": query} if action in WITH_QUERY else {}))
        self.body_sha256()  # what was sent must be read before the next request can be
        self.answer(404, {"error": f"{self.service} has no {self.command} {target.path}"})

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer_request

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode() + b"\n"
        self.head(status, len(body), "application/json", headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def head(self, status, length, kind, headers=()):
        self.send_response(status)
        self.send_header("Service", self.service)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def body_sha256(self):
        digest, count = hashlib.sha256(), 0
        for piece in self.body():
            digest.update(piece)
            count += len(piece)
        return digest.hexdigest(), count

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield from self.pieces(size)
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b"\n", b""):
                pass
        else:
            yield from self.pieces(int(self.headers.get("Content-Length", 0)))

    def pieces(self, size):
        while size > 0:
            piece = self.rfile.read1(min(size, 256 * 1024))
            if not piece:
                raise ConnectionResetError("the body ended early")
            size -= len(piece)
            yield piece

    def log_message(self, *_):
        pass


def health(request):
    request.answer(200, {"ok": True})


def echo(request, *_):
    digest, count = request.body_sha256()
    request.answer(200, {"method": request.command, "target": request.path, "version": request.request_version,
                         "headers": request.headers.items(), "bytes": count, "sha256": digest})


def upload(request):
    digest, count = request.body_sha256()
    request.answer(200, {"bytes": count, "sha256": digest})


def download(request, query):
    total = int(query.get("bytes", "0"))
    request.head(200, total, "application/octet-stream")
    if request.command != "HEAD":
        for block in content(total):
            request.wfile.write(block)


READ = ("GET", "HEAD")
COMMON = [
    (READ, r"/healthz", health),
    (("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), r"/echo(/.*)?", echo),
    (("POST", "PUT"), r"/upload", upload),
    (READ, r"/download", download),
]
WITH_QUERY = {download}


def wants_query(action):
    """For a service's own actions that take the query, as a decorator."""
    WITH_QUERY.add(action)
    return action


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(routes):
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--name", required=True)
    options = arguments.parse_args()
    Handler.routes, Handler.service = routes, options.name
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with Server(("127.0.0.1", options.port), Handler) as server:
            print(f"listening {options.name} 127.0.0.1:{server.server_address[1]}", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        pass
