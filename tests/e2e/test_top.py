"""`lb top` and `gateway top`: live in a terminal, once for scripts."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

from load import Load
from origins import HttpOrigin, RefusingPort, response
from raw import DEADLINE, get, wait_until
from tandem import BIN, CONFIG, run


class Window:
    """A terminal with a program in it; `screen` is what a person sees."""

    def __init__(self, *command, rows=24, columns=160, env=None):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.received = b""
        self.process = subprocess.Popen([BIN / command[0], *command[1:]], stdin=slave, stdout=slave, stderr=subprocess.PIPE,
                                        start_new_session=True, env={**os.environ, "TERM": "xterm", **(env or {})},
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                return
            if not piece:
                return
            self.received += piece

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def screen(self):
        frames = self.received.split(b"\x1b[H")
        whole = [frame for frame in frames if frame.endswith(b"\x1b[J")]
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", whole[-1].decode()).split("\r\n") if whole else []

    @property
    def frames(self):
        return self.received.count(b"\x1b[J")

    def strike(self, keys):
        os.write(self.master, keys)

    def shows(self, text):
        wait_until(lambda: any(text in line for line in self.screen), what=f"{text!r} on the screen: {self.screen}")

    def end(self, status=0):
        assert self.process.wait(DEADLINE) == status, self.process.stderr.read()
        wait_until(lambda: self.received.endswith(b"\x1b[?25h\x1b[?1049l"), what="the screen of before")
        assert self.received.startswith(b"\x1b[?1049h")
        assert termios.tcgetattr(self.slave) == self.before, "the terminal is as it was"

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def window(keep):
    return lambda *command, **more: keep(Window(*command, **more))


@pytest.fixture
def running(program, start, keep):
    service = keep(HttpOrigin(lambda request: response(b"served")).origin)
    gone = keep(RefusingPort())
    made = start(program, CONFIG[program]([service.address, gone.address],
                                          health={"check": "tcp", "every": "100ms", "fall": 1}))
    made.service, made.gone = service, gone
    return made


def of(running):
    return running.name, "top", "--admin", f"127.0.0.1:{running.admin_port}"


def test_live(running, window):
    shown = window(*of(running))
    with Load(*[lambda load: get(running.port())] * 2):
        shown.shows(f"{running.name} 0.")
        shown.shows("1/2 up")
        rate = "connections/s" if running.name == "lb" else "requests/s"
        wait_until(lambda: re.search(rf"{rate} [1-9]\d*", "\n".join(shown.screen)), what="the rate")
        wait_until(lambda: any(running.service.address in line and re.search(r"\bup\b.* 100%", line) for line in shown.screen),
                   what="the share of picks")
        shown.shows("connection refused")
        before = shown.frames
        wait_until(lambda: shown.frames >= before + 3, what="three more looks")
    assert len(shown.screen) <= 24 and all(len(line) <= 160 for line in shown.screen)
    shown.strike(b"q")
    shown.end()


def test_it_is_refreshed_each_second(running, window):
    shown = window(*of(running))
    wait_until(lambda: shown.frames >= 2)
    first, began = shown.frames, time.monotonic()
    wait_until(lambda: shown.frames >= first + 2)
    assert 1.0 < time.monotonic() - began < 10


def test_the_size_of_the_window_and_scrolling(running, window):
    get(running.port())
    last = "front" if running.name == "lb" else "all"
    wait_until(lambda: re.search(rf"^{last} ", run(*of(running)).stdout, re.M), what=last)
    shown = window(*of(running), rows=6, columns=40)
    shown.shows("UPSTREAM")
    assert len(shown.screen) == 6 and max(map(len, shown.screen)) <= 40 and "…" in shown.screen[1]
    shown.strike(b"G")
    shown.shows(last)
    assert shown.screen[0].startswith(running.name), "the head stays"
    shown.strike(b"g")
    shown.shows("UPSTREAM")
    shown.strike(b"\x1b[B")
    wait_until(lambda: shown.screen[2].startswith("UPSTREAM"), what="one line further")
    shown.resize(40, 200)
    os.killpg(shown.process.pid, signal.SIGWINCH)
    shown.shows("WHY")
    shown.shows(last)
    shown.strike(b"\x03")
    shown.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_and_the_terminal_is_as_it_was(running, window, number):
    shown = window(*of(running))
    shown.shows("UPSTREAM")
    os.kill(shown.process.pid, number)
    shown.end()


def test_a_program_that_goes_and_comes_back_is_shown_again(running, window, start):
    shown = window(*of(running))
    shown.shows("UPSTREAM")
    port = running.admin_port
    running.stop()
    shown.shows("no answer: ")
    shown.shows("UPSTREAM")
    text = running.config.read_text().replace('listen = "127.0.0.1:0"\n', f'listen = "127.0.0.1:{port}"\n', 1)
    start(running.name, text)
    wait_until(lambda: shown.screen and not any("no answer" in line for line in shown.screen), what="an answer")
    shown.strike(b"q")
    shown.end()


def test_no_colours_where_they_are_not_wanted(running, window):
    plain = window(*of(running), env={"NO_COLOR": "1"})
    plain.shows("down")
    assert b"\x1b[1;31m" not in plain.received and b"\x1b[32m" not in plain.received
    coloured = window(*of(running))
    coloured.shows("down")
    assert b"\x1b[1;31mdown" in coloured.received


def test_once_for_scripts(running):
    get(running.port())
    wait_until(lambda: "connection refused" in run(*of(running), "--once").stdout, what="why it is down")
    told = run(*of(running), "--once")
    assert told.returncode == 0 and "\x1b" not in told.stdout and told.stderr == ""
    assert f"{running.service.address} " in told.stdout and "1/2 up" in told.stdout
    assert run(*of(running)).stdout.splitlines()[0].split("  up ")[0] == told.stdout.splitlines()[0].split("  up ")[0], (
        "where stdout is no terminal it is shown once")
    by_file = run(running.name, "top", "--once", "-c", running.config)
    assert by_file.returncode == 1  # its admin address has port 0


def test_what_cannot_be_shown(program, keep, tmp_path):
    gone = keep(RefusingPort())
    told = run(program, "top", "--admin", gone.address)
    assert (told.returncode, told.stdout) == (1, "") and "connection refused" in told.stderr
    assert run(program, "top").returncode == 2
    assert run(program, "top", "--admin", gone.address, "--interval", "0").returncode == 2
