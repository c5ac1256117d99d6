"""/metrics of both programs: valid by Prometheus' own parser, every name that is promised, exactly what a counted load
was, with bounded labels, and without a burden for anybody else however many routes there are."""
import json
import os
import re
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from collector import Collector
from origins import HttpOrigin, RefusingPort, response
from prometheus import Scrape, names_in, scrape
from raw import Client, ask, get, wait_until
from tandem import BIG, ROOT, Program, gateway_config, lb_config, sanitized, section
from tls import shown

BOTH = {"_config_generation", "_reloads_total", "_build_info", "_server_up", "_picks_total", "_upstream_queued",
        "_server_in_flight", "_connect_seconds_bucket", "_log_lines_dropped_total"}
PROMISED = {
    "lb": {"lb_connections_total": {"listener", "upstream", "server", "result"},
           "lb_connections_active": {"listener", "upstream", "server"},
           "lb_bytes_total": {"listener", "upstream", "server", "direction"},
           "lb_response_seconds_bucket": {"upstream", "server", "le"}},
    "gateway": {"gateway_requests_total": {"route", "method", "status"},
                "gateway_request_seconds_bucket": {"route", "le"}, "gateway_bytes_total": {"route", "direction"},
                "gateway_upstream_seconds_bucket": {"upstream", "server", "le"},
                "gateway_refused_total": {"route", "reason"}, "gateway_cache_total": {"cache", "result"},
                "gateway_rate_limit_total": {"limit", "result"},
                "gateway_upstream_retries_total": {"upstream", "cause"},
                "gateway_connections_active": {"listener"}, "gateway_connections_total": {"listener"}}}


def send(program, request, count=1, to="GET"):
    return [ask(program.port(), request.replace("\n", "\r\n"), to=to) for _ in range(count)]


def settled(program, name, count):
    wait_until(lambda: scrape(program).sum(name) == count, what=f"{name} to be {count}")
    return scrape(program)


@pytest.fixture
def shop(start, keep):
    """A gateway with one of everything that is counted, after a counted load."""
    def answer(request):
        if request.target == "/flaky":
            flaky.append(1)
            return response(status=503 if len(flaky) % 2 else 200)
        cached = "Cache-Control: public, max-age=60\r\n" if request.target.startswith("/stored") else ""
        return response(b"12345" if request.method != "HEAD" else b"", headers=cached)
    flaky = []
    service = HttpOrigin(answer)
    keep(service.origin)
    keep(refusing := RefusingPort())
    upstream = section("[upstream.gone]", servers=[refusing.address]) + section("[upstream.gone.health]", check="off")
    routes = (section("[cache.shared]", size="1MiB") + section("[rate_limit.few]", key="global", rate="1/h", burst=2)
              + section("[[route]]", name="plain", match="/plain", to="service")
              + section("[[route]]", name="stored", match="/stored/{id}", to="service", cache="shared")
              + section("[[route]]", name="limited", match="/limited", to="service", rate_limit=["few"])
              + section("[[route]]", name="flaky", match="/flaky", to="service")
              + section("[[route]]", name="gone", match="/gone", to="gone"))
    program = start("gateway", gateway_config([service.address], routes=upstream + routes, upstream={
        "retry": {"times": 1, "on": [503]}}, defaults={"max_body": "1KiB"}))
    head = " HTTP/1.1\nHost: x\nConnection: close\n"
    send(program, f"GET /plain{head}\n", 30)
    send(program, f"POST /plain{head}Content-Length: 7\n\n1234567", 20)
    send(program, f"HEAD /plain{head}\n", 5, to="HEAD")
    send(program, f"BREW /plain{head}\n", 2)
    send(program, f"X{os.getpid()} /plain{head}\n", 1)
    send(program, f"GET /nowhere{head}\n", 4)
    send(program, f"POST /plain{head}Content-Length: 2000\n\n", 3)
    send(program, f"GET /stored/1{head}\n", 6)
    send(program, f"GET /limited{head}\n", 5)
    send(program, f"GET /flaky{head}\n", 4)
    send(program, f"GET /gone{head}\n", 2)
    send(program, "GET nonsense\n\n", 2)
    return program, service


def test_the_counters_of_gateway_are_exactly_the_load(shop):
    program, service = shop
    seen = settled(program, "gateway_requests_total", 84)
    assert seen.table("gateway_requests_total", "route", "method", "status") == {
        ("plain", "GET", "200"): 30, ("plain", "POST", "200"): 20, ("plain", "HEAD", "200"): 5, ("none", "other", "501"): 3,
        ("none", "GET", "404"): 4, ("plain", "POST", "413"): 3, ("stored", "GET", "200"): 6, ("limited", "GET", "200"): 2,
        ("limited", "GET", "429"): 3, ("flaky", "GET", "200"): 4, ("gone", "GET", "502"): 2, ("none", "other", "400"): 2}
    assert seen.table("gateway_refused_total", "route", "reason") == {
        ("none", "no_route"): 4, ("plain", "body_too_large"): 3, ("limited", "rate_limited"): 3,
        ("gone", "upstream_connect"): 2, ("none", "bad_request"): 2, ("none", "not_implemented"): 3}
    assert seen.table("gateway_request_seconds_count", "route") == {
        "plain": 58, "none": 9, "stored": 6, "limited": 5, "flaky": 4, "gone": 2}
    assert seen.table("gateway_cache_total", "cache", "result") == {("shared", "miss"): 1, ("shared", "hit"): 5}
    assert seen.table("gateway_rate_limit_total", "limit", "result") == {("few", "allowed"): 2, ("few", "limited"): 3}
    assert seen.table("gateway_upstream_retries_total", "upstream", "cause") == {("service", "status"): 4}
    picks = 30 + 20 + 5 + 1 + 2 + 8
    assert len(service.requests) == picks
    assert seen.table("gateway_picks_total", "upstream") == {"service": picks, "gone": 6}  # three attempts to connect each
    assert seen.table("gateway_upstream_seconds_count", "upstream") == {"service": picks}
    received = seen.table("gateway_bytes_total", "route", "direction")
    assert (received["plain", "in"], received["stored", "out"]) == (140, 30) and ("limited", "in") not in received
    lines = program.access_log(84)
    for direction, field in (("in", "bytes_in"), ("out", "bytes_out")):
        assert seen.table("gateway_bytes_total", "direction")[direction] == sum(line[field] for line in lines)
    assert seen.table("gateway_connections_total", "listener") == {"front": 84}
    wait_until(lambda: scrape(program).sum("gateway_connections_active") == 0, what="no connection")


def test_the_counters_of_lb_are_exactly_the_load(start, keep):
    service = HttpOrigin(lambda request: response(b"x" * 1000))
    keep(service.origin)
    program = start("lb", lb_config([service.address], listener={"deny_from": ["127.0.0.2"]}))
    answers = [get(program.port()) for _ in range(40)]
    for _ in range(3):
        with Client(program.port()) as client:
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer()
            client.reset()
    for _ in range(2):
        with socket.socket() as stranger:
            stranger.bind(("127.0.0.2", 0))
            stranger.connect(("127.0.0.1", program.port()))
            assert stranger.recv(1) == b""
    seen = settled(program, "lb_connections_total", 45)
    assert seen.table("lb_connections_total", "result", "server") == {
        ("client", service.address): 40, ("reset_by_client", service.address): 3, ("forbidden", ""): 2}
    assert seen.table("lb_picks_total", "server") == {service.address: 43}
    sent = sum(len(request.raw) + 4 for request in service.requests)
    head = len(response(b"x" * 1000))
    assert all(len(answer.body) == 1000 for answer in answers)
    assert seen.table("lb_bytes_total", "direction") == {"in": sent, "out": 43 * head}
    lines = program.access_log(45)
    assert sum(line["bytes_in"] for line in lines) == sent and sum(line["bytes_out"] for line in lines) == 43 * head
    assert seen.table("lb_connect_seconds_count", "server") == {service.address: 43}
    assert seen.table("lb_response_seconds_count", "server") == {service.address: 43}
    assert seen.sum("lb_connections_active") == 0


def test_every_name_that_is_promised(shop, start, origin):
    for program in (shop[0], start("lb", lb_config([origin.address]))):
        get(program.port())
        wait_until(lambda: {f"{program.name}_requests_total", "lb_connections_total"} & scrape(program).names())
        seen = scrape(program)
        assert {program.name + suffix for suffix in BOTH} - seen.names() - {f"{program.name}_reloads_total"} == set()
        for name, labels in PROMISED[program.name].items():
            assert seen.labels(name) == labels, name
        assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
                "process_start_time_seconds"} <= seen.names()
        assert all(name.startswith((program.name + "_", "process_")) for name in seen.names())
        assert seen.table(f"{program.name}_build_info", "version")


def test_histograms_are_cumulative_and_add_up(shop):
    seen = scrape(shop[0])
    series = {}
    for (name, labels), value in seen.samples.items():
        if name.endswith("_bucket"):
            plain = dict(labels)
            series.setdefault((name[:-7], tuple(sorted((k, v) for k, v in labels if k != "le"))), []).append(
                (float(plain["le"]), value))
    assert series
    for (name, labels), buckets in series.items():
        values = [value for _, value in sorted(buckets)]
        assert values == sorted(values) and sorted(buckets)[-1][0] == float("inf")
        assert values[-1] == seen.samples[name + "_count", labels] and seen.samples[name + "_sum", labels] >= 0
        assert [bound for bound, _ in sorted(buckets)][:4] == [0.0001, 0.00025, 0.0005, 0.001]


def test_strangers_make_no_labels(shop):
    program, _ = shop
    before = len(scrape(program).samples)
    for i in range(50):
        get(program.port(), f"/x{i}?q={i}", headers=f"X-Request-Id: {i}\r\nUser-Agent: {i}\r\n")
        ask(program.port(), f"M{i} /plain HTTP/1.1\r\nHost: h{i}.example\r\nConnection: close\r\n\r\n")
    seen = settled(program, "gateway_requests_total", 184)
    assert len(seen.samples) <= before + 8


def test_a_reload_and_an_upgrade_are_counted(program, start, origin):
    make = {"lb": lb_config, "gateway": gateway_config}[program]
    running = start(program, make([origin.address]))
    running.reload(make([origin.address]))
    seen = scrape(running)
    assert seen.samples[f"{program}_config_generation", ()] == 2
    assert seen.table(f"{program}_reloads_total", "result") == {"done": 1}


def many_routes(count):
    return "".join(section("[[route]]", name=f"route-{i}", match=f"/r{i}/{{id}}", respond={"status": 204})
                   for i in range(count))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A gateway with ten thousand routes, each of which has been asked."""
    count = 10_000 if BIG or not sanitized() else 500
    text = gateway_config(["127.0.0.1:1"], routes=many_routes(count), log={"access": "off"})
    program = Program("gateway", text, tmp_path_factory.mktemp("crowd"))

    def visit(numbers):
        with Client(program.port()) as client:
            for at in range(0, len(numbers), 50):
                part = numbers[at:at + 50]
                client.send("".join(f"GET /r{i}/1 HTTP/1.1\r\nHost: x\r\n\r\n" for i in part))
                for _ in part:
                    assert client.answer().status == 204
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(visit, [range(i, count, 4) for i in range(4)]))
    yield program, count
    program.stop()


def test_ten_thousand_routes_are_told_in_pieces(crowd):
    program, count = crowd
    wait_until(lambda: program.metric("gateway_requests_total") == count, 60)
    before = program.peak_kib()
    began = time.monotonic()
    seen = Scrape(program.admin("/metrics")[2])
    assert len(seen.table("gateway_requests_total", "route")) == count
    assert len(seen.text) > 1000 * count and time.monotonic() - began < 60
    if not sanitized():
        assert program.peak_kib() - before < 8 * 1024, "the text is never held whole"


def test_requests_and_other_callers_are_served_during_a_scrape(crowd):
    program, _ = crowd
    with Client(program.admin_port, receive_buffer=4096) as scraper:
        scraper.send("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        scraper.receive(1)
        for i in range(20):
            assert get(program.port(), f"/r{i}/1").status == 204
            assert program.admin("/livez")[0] == 200
        assert scraper.answer().complete


def test_scrapers_that_never_read_cost_little_memory(crowd):
    program, _ = crowd
    before = program.resident_kib()
    clients = [Client(program.admin_port, receive_buffer=4096) for _ in range(40)]
    for client in clients:
        client.send("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert program.admin("/livez")[0] == 200 and get(program.port(), "/r1/1").status == 204
    if not sanitized():
        assert program.resident_kib() - before < 48 * 1024
    for client in clients:
        client.close()


def test_http_1_0_and_head_are_served(crowd):
    program, count = crowd
    with Client(program.admin_port) as client:
        text = client.send("GET /metrics HTTP/1.0\r\n\r\n").read_all()
    head, body = text.split(b"\r\n\r\n", 1)
    assert b"chunked" not in head.lower() and b"Connection: close" in head
    assert len(Scrape(body.decode()).table("gateway_requests_total", "route")) >= count
    with Client(program.admin_port) as client:
        client.send("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.answer("HEAD").status == 200 and client.answer().body == b"alive\n"


# Dashboards and alerts.

def test_when_certificates_expire_is_told_of_each_listener_by_the_first_name(program, start, origin, authority, site):
    later, sooner = authority.issue("later", "shop.example", "www.shop.example"), authority.issue("sooner", "shop.example", days=3)
    make = {"lb": lb_config, "gateway": gateway_config}[program]
    running = start(program, make([origin.address], listener=shown(site, later, sooner)))

    def end(certificate):
        printed = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in", certificate], capture_output=True, text=True, check=True)
        return ssl.cert_time_to_seconds(printed.stdout.strip().removeprefix("notAfter="))
    assert scrape(running).table(f"{program}_certificate_expiry_timestamp_seconds", "listener", "certificate") == {
        ("front", "site.example"): end(site[0]), ("front", "shop.example"): end(sooner[0])}


@pytest.fixture
def known(shop, start, keep, origin, site):
    """The names of all metrics of both programs, once there is something to count."""
    program, _ = shop
    collector = Collector()
    keep(collector.origin)
    text = program.config.read_text()
    breaker = text.replace("[upstream.gone]\n", '[upstream.gone]\nbreaker = { failures = "50%" }\n')
    https = {"name": "https", "listen": "127.0.0.1:0", **shown(site)}
    program.reload(breaker + section("[trace]", endpoint=f"http://{collector.address}") + section("[[listener]]", **https))
    balancer = start("lb", lb_config([origin.address]))
    get(balancer.port())
    balancer.reload(balancer.config.read_text() + section("[[listener]]", **https, upstream="servers"))
    balancer.access_log(1)
    return scrape(program).names() | scrape(balancer).names() | {"up"}


def expressions(path):
    if path.suffix == ".json":
        board = json.loads(path.read_text())
        for panel in board["panels"]:
            assert panel["title"] and panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
            for target in panel["targets"]:
                yield target["expr"]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield re.sub(r"label_values\((.*), \w+\)", r"\1", variable["query"]["query"])
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    else:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"} and rule["annotations"]["summary"]
                assert rule["labels"]["severity"] in ("page", "ticket")
                yield rule["expr"]


def test_dashboards_and_alerts_ask_for_what_there_is(known):
    files = [*ROOT.glob("configs/grafana/*.json"), ROOT / "configs/prometheus/alerts.yml"]
    assert len(files) == 3
    for path in files:
        asked = list(expressions(path))
        assert len(asked) > 10
        for expression in asked:
            assert expression.count("(") == expression.count(")") and expression.count("{") == expression.count("}")
            assert names_in(expression) and names_in(expression) <= known, (path.name, expression, names_in(expression) - known)


def test_the_labels_they_select_by_exist(shop, start, origin):
    balancer = start("lb", lb_config([origin.address]))
    get(balancer.port())
    balancer.access_log(1)
    seen = [scrape(shop[0]), scrape(balancer)]
    for path in [*ROOT.glob("configs/grafana/*.json"), ROOT / "configs/prometheus/alerts.yml"]:
        for expression in expressions(path):
            for name, matchers in re.findall(r"\b((?:lb|gateway)_\w+)\{([^}]*)\}", expression):
                labels = set().union(*(one.labels(name) for one in seen)) | {"instance", "job"}
                asked = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", matchers))
                assert labels == {"instance", "job"} or asked <= labels, (path.name, expression, asked - labels)
