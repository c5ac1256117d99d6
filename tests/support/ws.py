"""The opening of a WebSocket by hand, for tests that look at single bytes, and a real echo server of python3-websockets."""
import asyncio
import base64
import hashlib
import threading

import websockets

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept(key=KEY):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def opening(target="/", *, method="GET", version="HTTP/1.1", connection="Upgrade", upgrade="websocket", key=KEY,
            number="13", more=""):
    fields = {"Connection": connection, "Upgrade": upgrade, "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": number}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return f"{method} {target} {version}\r\nHost: x\r\n{lines}{more}\r\n".encode()


def switched(key=KEY, *, connection="Upgrade", upgrade="websocket", more=""):
    return (f"HTTP/1.1 101 Switching Protocols\r\nConnection: {connection}\r\nUpgrade: {upgrade}\r\n"
            f"Sec-WebSocket-Accept: {accept(key)}\r\n{more}\r\n").encode()


class EchoServer:
    """Sends every message back; one that says "close" ends the connection."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(self._start())
        self.port = self.server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    async def _start(self):
        return await websockets.serve(self._echo, "127.0.0.1", 0, subprotocols=["echo.test"])

    @staticmethod
    async def _echo(socket, *_):
        async for message in socket:
            if message == "close":
                return
            await socket.send(message)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
