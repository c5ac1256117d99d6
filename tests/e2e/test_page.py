"""The dashboard, in a real Chromium: what it shows agrees with what happens, and nobody but its reader can use it."""
import json
import threading
import time

import pytest

from browser import Browser
from origins import HttpOrigin, Origin, response
from raw import Client, ask, get, wait_until
from tandem import gateway_config, lb_config, run, section

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
        assert page.complaints() == page.expected, page.complaints()
        assert [url for url in page.requests() if not url.startswith(tuple(page.origins))] == []


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


def find(server):
    """A server's row, or nothing, as an expression."""
    return ("[...document.querySelectorAll('#upstreams tbody tr')]"
            ".find((one) => one.cells[0].querySelector('td > span > span')?.textContent === '%s')" % server)


def row(server):
    """The cells of a server's row by their column, as an expression."""
    return ("(() => { const row = %s; if (!row) return null;"
            " const heads = [...row.closest('table').tHead.rows[0].cells].map((one) => one.textContent);"
            " return Object.fromEntries([...row.cells].map((cell, i) => [heads[i], cell.textContent])"
            ".concat([['colour', row.querySelector('[data-state]').dataset.state]])); })()" % find(server))


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

        def shown():
            return [pages[0].eval(row(origin.address)) for origin in origins]

        wait_until(lambda: all(within(float(each["Per second"]), load.rate / 2, 0.1) for each in shown()), 20, "the servers' rates")
        rows = shown()
        assert all(each["Share"] == "50 %" and each["State"] == "up" and each["colour"] == "ok" for each in rows), rows
        behind_lb = row(f"127.0.0.1:{gateway.port()}")
        wait_until(lambda: within(float(pages[1].eval(behind_lb)["Per second"]), load.rate, 0.1), 20, "the gateway's rate")
        assert pages[1].eval(behind_lb)["Share"] == "100 %"
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


def click_in_row(page, server, verb):
    page.eval(f"{find(server)}.querySelector('[data-verb={verb}]').click()")


def test_a_server_is_drained_weighed_and_enabled_by_its_buttons(program, start, keep, look):
    origin = keep(Origin.echo())
    config = {"lb": lb_config, "gateway": gateway_config}[program]
    one = start(program, config([origin.address]))
    page = look(one)
    page.wait(row(origin.address))
    click_in_row(page, origin.address, "drain")
    page.wait(f"{row(origin.address)}.State === 'draining'")
    assert page.eval(row(origin.address))["Why"] == "by an operator's order"
    assert "drains" in page.eval("document.getElementById('verdict').textContent")
    assert json.loads(one.admin("/status")[2])["upstreams"][0]["servers"][0]["order"] == "drain"
    page.eval("(() => { const field = document.querySelector('.weight'); field.value = 7;"
              " field.dispatchEvent(new Event('change')); })()")
    page.wait("document.getElementById('said').textContent.includes('weight 7')")
    click_in_row(page, origin.address, "enable")
    page.wait(f"{row(origin.address)}.State === 'up'")
    page.wait("document.querySelector('.weight').value === '1'")
    page.click("#reload button")
    page.wait("document.getElementById('said').textContent.includes('reloaded')")
    page.wait("document.getElementById('facts').textContent.includes('Generation2')")


def test_requests_errors_routes_and_caches_are_shown_and_a_cache_is_purged(start, look):
    def answer(request):
        if request.target.startswith("/slow"):
            time.sleep(0.3)
        status = 500 if request.target.startswith("/fail") else 200
        return response(b"x" * 500, status=status, headers="Cache-Control: max-age=60\r\n")
    origin = HttpOrigin(answer)
    routes = (section("[[route]]", name="slow", match="/slow", to="service") + section("[[route]]", name="fail", match="/fail", to="service")
              + section("[[route]]", name="stored", match="/stored/{rest...}", to="service", cache="shop"))
    one = start("gateway", gateway_config([origin.address], routes=routes) + section("[cache.shop]", size="1MiB"))
    page = look(one)
    port = one.port()
    assert get(port, "/slow").status == 200
    assert get(port, "/fail").status == 500
    assert get(port, "/<b>nobody</b>").status in (400, 404)
    assert get(port, "/%3Cb%3Enobody%3C/b%3E").status == 404
    for _ in range(4):
        assert get(port, "/stored/a").status == 200
    ids = {entry["path"]: entry["id"] for entry in one.access_log(count=7)}
    cells = "[...document.querySelectorAll('#%s tbody tr')].map((one) => [...one.cells].map((cell) => cell.textContent))"
    errors = page.wait("%s.length && %s" % (cells % "errors", cells % "errors"))
    assert len(errors) == 1 and "/fail" in errors[0][1] and errors[0][2] == "500" and errors[0][-1] == ids["/fail"], errors
    slowest = page.eval(cells % "requests")
    assert slowest[0][1] == "GET /slow" and "first byte" in slowest[0][4], slowest[0]
    page.click("#requests .choice button:last-child")
    page.wait("(%s).some((one) => one[1] === 'GET /%%3Cb%%3Enobody%%3C/b%%3E')" % (cells % "requests"))
    assert page.eval("document.querySelectorAll('td b').length") == 0
    route = page.wait("(%s).find((one) => one[0] === 'stored')" % (cells % "routes"))
    assert route[-1] == "4" and route[-2] == "75 %", route
    assert page.eval(cells % "caches")[0][2:5] == ["1", "3", "1"]
    page.fill("#caches .purge input", "http://test/stored/a")
    page.click("#caches .purge button")
    page.wait("document.getElementById('said').textContent === 'cache shop: 1 purged'")
    page.wait("(%s)[0][2] === '0'" % (cells % "caches"))
    page.fill("#explain .url input", "/stored/a?x=1")
    page.click("#explain .explain button")
    explained = page.wait("document.querySelector('.explained').textContent")
    assert "stored" in explained and "/stored/a?x=1" in explained, explained
    command = run("gateway", "explain", "GET", "/stored/a?x=1", "-c", one.config, folder=one.folder)
    assert command.stdout.strip() == explained.strip()
    page.fill("#explain .url input", "nonsense")
    page.click("#explain .explain button")
    page.wait("document.querySelector('.explained').classList.contains('wrong')")
    page.expected = ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]


def test_names_with_html_in_them_are_shown_as_text(start, keep, look, tmp_path):
    path = tmp_path / "<img src=x onerror=alert(1)>.sock"
    origin = keep(Origin.echo(path=path))
    one = start("lb", lb_config([origin.address]))
    page = look(one)
    page.wait(row(origin.address))
    assert page.eval("document.querySelectorAll('td img, td script').length") == 0


def test_the_page_of_lb_leads_to_those_of_its_gateways(start, look):
    origin = HttpOrigin()
    gateway = start("gateway", gateway_config([origin.address], listener={"health_from": ["127.0.0.1/32"]}))
    lb = start("lb", lb_config([f"127.0.0.1:{gateway.port()}"], health={"check": "http", "path": "/readyz"}))
    page = look(lb)
    page.wait(row(f"127.0.0.1:{gateway.port()}"))
    assert page.wait("document.querySelector('td a:not([hidden])')?.href") == f"http://127.0.0.1:{gateway.admin_port}/"
    page.click("td a")
    page.wait("document.getElementById('program')?.textContent === 'gateway'")
    page.origins.append(f"http://127.0.0.1:{gateway.admin_port}/")


def test_with_a_token_the_page_asks_for_it_and_others_get_nothing(program, start, keep, browser, look):
    origin = keep(Origin.echo())
    config = {"lb": lb_config, "gateway": gateway_config}[program]([origin.address])
    one = start(program, config.replace("[admin]\n", '[admin]\ntoken = "s3cret-of-the-admin"\n'))
    page = browser.open(f"http://127.0.0.1:{one.admin_port}/")
    page.wait("!document.getElementById('token-form').hidden")
    page.fill("#token", "wrong")
    page.click("#token-form button")
    page.wait("document.getElementById('token-error').textContent === 'That is not the token.'")
    assert not page.eval(SHOWN)
    page.fill("#token", "s3cret-of-the-admin")
    page.click("#token-form button")
    page.wait(f"{SHOWN} && {row(origin.address)}")
    assert "s3cret" not in page.eval("document.documentElement.outerHTML")
    for method, path in (("POST", "/reload"), ("GET", "/status"), ("GET", "/history"), ("GET", "/errors")):
        assert one.admin(path, method)[0] == 401, path


def test_a_page_of_another_site_can_order_and_learn_nothing(program, start, keep, browser):
    origin = keep(Origin.echo())
    one = start(program, {"lb": lb_config, "gateway": gateway_config}[program]([origin.address]))
    drain = f"/upstreams/{'servers' if program == 'lb' else 'service'}/servers/{origin.address}/drain"
    site = keep(Origin.says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"))
    page = browser.open(f"http://127.0.0.1:{site.port}/")
    admin = f"http://127.0.0.1:{one.admin_port}"
    for mode in ("cors", "no-cors"):
        for path, method in ((drain, "POST"), ("/reload", "POST"), ("/status", "GET")):
            learned = page.eval(f"fetch('{admin}{path}', {{ method: '{method}', mode: '{mode}' }})"
                                ".then((answer) => answer.text(), () => 'nothing')")
            assert learned in ("nothing", ""), (mode, path, learned)
    page.eval(f"(() => {{ const form = document.createElement('form'); form.method = 'post'; form.action = '{admin}{drain}';"
              " document.body.append(form); form.submit(); })()")
    page.wait("document.body?.textContent.includes('foreign_origin')")
    told = json.loads(one.admin("/status")[2])
    assert told["configuration"]["generation"] == 1 and told["upstreams"][0]["servers"][0]["order"] is None
    for host in ("evil.example", f"evil.example:{one.admin_port}", "127.0.0.1.evil.example"):
        answered = ask(one.admin_port, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
        assert answered.status == 403 and b"foreign_host" in answered.body, host
