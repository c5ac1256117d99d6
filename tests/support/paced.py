"""Requests at a steady pace from many connections, in a process of its own so that it keeps the pace: every connection
sends its next request when it is due, or as soon as the answer before it is there."""
import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass
class Outcome:
    answers: list  # (when it was there, status), in order; times of time.monotonic()
    began: float  # before the first request

    @property
    def seconds(self):
        return self.answers[-1][0] - self.began

    def count(self, status, since=0.0, until=float("inf")):
        return sum(status == s and since <= at < until for at, s in self.answers)

    def statuses(self):
        return {status for _, status in self.answers}


class Paced:
    """The process, from a test's side: runs until its time is over."""

    def __init__(self, ports, *, rate, seconds, connections=50, target="/"):
        self.process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(ports), str(rate), str(seconds), str(connections), target],
            stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def outcome(self):
        out, _ = self.process.communicate(timeout=120)
        assert self.process.returncode == 0
        told = json.loads(out)
        return Outcome(sorted(map(tuple, told["answers"])), told["began"])


async def one_answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    if length:
        await reader.readexactly(length)
    return status


async def client(number, streams, answers, start, rate, connections, until, target):
    reader, writer = streams
    request = f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n".encode()
    due, step = start + number / rate, connections / rate
    while due < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        writer.write(request)
        answers.append((None, await one_answer(reader)))
        answers[-1] = (time.monotonic(), answers[-1][1])
        due = max(due + step, time.monotonic() - 0.5)
    writer.close()


async def main(ports, rate, seconds, connections, target):
    streams = [await asyncio.open_connection("127.0.0.1", ports[n % len(ports)]) for n in range(connections)]
    print("ready", flush=True)
    answers, start = [], time.monotonic()
    await asyncio.gather(*(client(n, streams[n], answers, start, rate, connections, start + seconds, target)
                           for n in range(connections)))
    print(json.dumps({"began": start, "answers": answers}))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
