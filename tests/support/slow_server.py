"""A server whose slowness is set from outside, in a process of its own so that it can be stopped as well: answers every
HTTP request with its name after its delay. SIGUSR1 makes it slow (40 ms), SIGUSR2 quick again (2 ms)."""
import asyncio
import os
import signal
import subprocess
import sys

QUICK, SLOW = 0.002, 0.040


class SlowServer:
    """The process, from a test's side."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.address = f"127.0.0.1:{self.port}"

    def slow(self):
        self.process.send_signal(signal.SIGUSR1)

    def quick(self):
        self.process.send_signal(signal.SIGUSR2)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.thaw()
        self.process.kill()
        self.process.wait()


async def main():
    delay = QUICK

    def be(value):
        nonlocal delay
        delay = value

    async def serve(reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(delay)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, be, SLOW)
    loop.add_signal_handler(signal.SIGUSR2, be, QUICK)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    name = b"127.0.0.1:%d" % port
    os.write(1, b"%d\n" % port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
