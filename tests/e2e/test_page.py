"""The dashboard, in a real Chromium: what it shows agrees with what happens, and nobody but its reader can use it."""
import threading
import time

import pytest

from browser import Browser
from origins import HttpOrigin, Origin, response
from raw import Client, wait_until
from tandem import gateway_config, lb_config

SHOWN = "!document.getElementById('content').hidden"


@pytest.fixture(scope="module")
def browser():
    made = Browser()
    yield made
    made.close()


@pytest.fixture
def look(browser):
    """look(program) -> its page, open; at the end it has complained of nothing and asked nobody else."""
    pages = []

    def look(program, **view):
        page = browser.open(f"http://127.0.0.1:{program.admin_port}/", **view)
        pages.append(page)
        page.wait(SHOWN)
        return page

    yield look
    for page in pages:
        assert page.complaints() == [], page.complaints()
        assert [url for url in page.requests() if not url.startswith(page.url)] == []


class Paced:
    """Visits at a steady rate from one thread, counted."""

    def __init__(self, visit, per_second):
        self.visit, self.interval, self.made, self.ended = visit, 1 / per_second, 0, None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        due = time.monotonic()
        while not self.over.wait(max(0, due - time.monotonic())):
            self.visit()
            self.made += 1
            due += self.interval

    def __enter__(self):
        self.began = time.monotonic()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.ended = time.monotonic()

    @property
    def rate(self):
        return self.made / ((self.ended or time.monotonic()) - self.began)


def figure(number):
    return f"parseFloat(document.querySelectorAll('#figures .figure p')[{number}].textContent.replaceAll(',', ''))"


def row(server):
    """The cells of a server's row by their column, as an expression."""
    return ("(() => { const row = [...document.querySelectorAll('tr')].find((one) => one.cells[0]?.textContent === '%s');"
            " if (!row) return null; const heads = [...row.closest('table').tHead.rows[0].cells].map((one) => one.textContent);"
            " return Object.fromEntries([...row.cells].map((cell, i) => [heads[i], cell.textContent])"
            ".concat([['colour', row.querySelector('[data-state]').dataset.state]])); })()" % server)


def within(found, wanted, share):
    return abs(found - wanted) <= share * wanted


def test_rates_and_shares_agree_with_the_load_and_who_comes_later_finds_what_was(start, look):
    origins = [HttpOrigin(lambda request: response(b"hello")) for _ in range(2)]
    gateway = start("gateway", gateway_config([each.address for each in origins]))
    lb = start("lb", lb_config([f"127.0.0.1:{gateway.port()}"]))
    pages = [look(gateway), look(lb)]

    def visit():
        with Client(lb.port()) as client:
            client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"hello" in client.read_all()

    with Paced(visit, 40) as load:
        for page in pages:
            wait_until(lambda: time.monotonic() - load.began > 6 and within(page.eval(figure(0)), load.rate, 0.1), 20,
                       "the rate on the page")
        rows = [pages[0].eval(row(origin.address)) for origin in origins]
        assert all(within(float(each["Per second"]), load.rate / 2, 0.1) for each in rows), (rows, load.rate)
        assert all(each["Share"] == "50 %" and each["State"] == "up" and each["colour"] == "ok" for each in rows), rows
        only = pages[1].eval(row(f"127.0.0.1:{gateway.port()}"))
        assert within(float(only["Per second"]), load.rate, 0.1) and only["Share"] == "100 %", only
    assert [page.eval("document.querySelector('#verdict h2').textContent") for page in pages] == ["All is well"] * 2
    samples = "window.Chart.getChart(document.querySelector('canvas')).data.datasets[0].data"
    for program in (gateway, lb):
        later = look(program)
        later.wait(f"{samples}.length > 5")
        rates = later.eval(f"{samples}.map((one) => one.y)")
        assert sum(within(rate, load.rate, 0.2) for rate in rates) >= 3, (rates, load.rate)


def test_a_server_that_is_killed_turns_red_with_its_reason_within_its_check_interval(program, start, keep, look):
    stays, goes = keep(Origin.echo()), Origin.echo()
    config = {"lb": lb_config, "gateway": gateway_config}[program]
    one = start(program, config([stays.address, goes.address], health={"check": "tcp", "every": "500ms", "fall": 2}))
    page = look(one)
    assert page.wait(row(goes.address))["State"] == "up"
    goes.close()
    page.wait(f"{row(goes.address)}?.colour === 'bad'", deadline=8)
    seen = page.eval(row(goes.address))
    assert seen["State"] == "down" and "connection refused" in seen["Why"], seen
    assert page.eval(row(stays.address))["colour"] == "ok"
    assert page.eval("document.getElementById('verdict').dataset.level") == "warn"
    assert f"{goes.address} is down" in page.eval("document.getElementById('verdict').textContent")
    assert "needs a look" in page.eval("document.title")
