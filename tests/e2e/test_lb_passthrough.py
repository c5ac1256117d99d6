"""TLS passed through lb unopened: routed by the name and the protocols of a ClientHello, however it arrives."""
import subprocess

import pytest

from origins import Origin
from raw import DEADLINE, Client, parse_proxy_v2, proxy_v2, tlv, wait_until
from tandem import common, section
from tls import Bio, TlsOrigin, client_context, hello, message, padding, protocols, record, s_client, server_name, vector

API, OLD = ["api.example.com"], ["*.old.example.com"]


def config(upstreams, matches, *, listener=None, upstream=None):
    """One listener "front" with `matches`, before upstreams of one server each."""
    return (common() + section("[[listener]]", **{"name": "front", "listen": "127.0.0.1:0", **(listener or {})})
            + "".join(section("[[listener.match]]", **match) for match in matches)
            + "".join(section(f"[upstream.{name}]", servers=[server.address], health={"check": "off"}, **(upstream or {}))
                      for name, server in upstreams.items()))


MATCHES = [{"sni": API, "upstream": "api"}, {"sni": OLD, "upstream": "old"},
           {"sni": API, "alpn": ["acme-tls/1"], "upstream": "acme"}]


@pytest.fixture
def servers(keep):
    return {name: keep(Origin.silent()) for name in ("api", "old", "acme")}


@pytest.fixture
def other(keep):
    return keep(Origin.silent())


def reached(servers, data):
    """The name of the server that got exactly `data`; all others got no connection."""
    def there():
        return [name for name, origin in servers.items() for c in origin.connections if bytes(c.received) == data]
    names = wait_until(there, what="the bytes at a server")
    assert sum(len(origin.connections) for origin in servers.values()) == len(names) == 1
    return names[0]


# Which way.

@pytest.mark.parametrize("extensions, where", [
    ([server_name("api.example.com")], "api"),
    ([server_name("API.Example.Com.")], "api"),
    ([server_name("api.example.com"), protocols("h2", "http/1.1")], "api"),
    ([server_name("api.example.com"), protocols("h2", "acme-tls/1")], "acme"),
    ([server_name("shop.old.example.com")], "old"),
    ([server_name("a.shop.old.example.com")], "other"),  # "*." is exactly one label
    ([server_name("old.example.com")], "other"),
    ([server_name("example.com")], "other"),
    ([server_name("192.0.2.1")], "other"),
    ([protocols("acme-tls/1")], "other"),
    ([], "other"),
])
def test_the_most_specific_match_wins_and_the_rest_goes_where_the_listener_leads(start, servers, other, extensions, where):
    program = start("lb", config({**servers, "other": other}, MATCHES, listener={"upstream": "other"}))
    data = hello(*extensions) + b"more"
    with Client(program.port(), first=data):
        assert reached({**servers, "other": other}, data) == where
    assert program.access_log(count=1)[0]["upstream"] == where


HELLOS = {
    "ordinary": hello(server_name("api.example.com"), protocols("h2")),
    "8 KB over three records": hello(padding(8000), server_name("api.example.com"), record_size=2800),
    "20 KB": hello(padding(20_000), server_name("api.example.com")),
    "60 KB": hello(server_name("api.example.com"), padding(60_000)),
    "a record for every byte": hello(server_name("api.example.com"), record_size=1),
}


@pytest.mark.parametrize("name", HELLOS)
def test_a_hello_may_come_in_any_pieces_and_is_passed_on_as_it_came(start, servers, name):
    program = start("lb", config(servers, MATCHES))
    data = HELLOS[name]
    with Client(program.port()) as client:
        client.send_bytewise(data) if len(data) < 10_000 else [client.send(data[i:i + 997]) for i in range(0, len(data), 997)]
        assert reached(servers, data) == "api"


def test_what_the_client_says_while_its_server_is_connected_to_follows(start, keep):
    echo = keep(Origin.echo())
    program = start("lb", config({"api": echo}, MATCHES[:1]))
    data = HELLOS["ordinary"] + bytes(300_000)
    with Client(program.port(), first=data) as client:
        assert client.receive(len(data)) == data


# What matches nothing.

BAD = {
    "http": (b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "not_tls"),
    "SSL 2": (b"\x80\x2e\x01\0\2\0\x15\0\0\0\x10" + bytes(37), "not_tls"),
    "an alert": (b"\x15\3\1\0\2\1\0", "not_tls"),
    "another name": (hello(server_name("www.example.com")), "no_match"),
    "no name": (hello(), "no_match"),
    "two names": (hello(server_name("api.example.com"), server_name("www.example.com")), "client_hello_invalid"),
    "a name with NUL": (hello(server_name(b"api.example.com\0.evil")), "client_hello_invalid"),
    "a record of nothing": (record(b"") + hello(server_name("api.example.com")), "client_hello_invalid"),
    "a record of 16 KB and one": (b"\x16\3\1\x40\1", "client_hello_invalid"),
    "a length that lies": (record(b"\1" + vector(3, message(server_name("api.example.com"))[4:-3])), "client_hello_invalid"),
    "a server's hello": (record(b"\2" + message()[1:]), "client_hello_invalid"),
    "100 KB": (record(b"\1" + (100_000).to_bytes(3, "big") + bytes(10_000)), "client_hello_too_large"),
    "20 KB, a record for every byte": (hello(padding(20_000), record_size=1), "client_hello_too_large"),
}


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize("name", BAD)
def test_without_an_upstream_of_the_listener_it_is_closed(start, servers, name, bytewise):
    program = start("lb", config(servers, MATCHES))
    data, end = BAD[name]
    with Client(program.port()) as client:
        try:
            client.send_bytewise(data) if bytewise else client.send(data)
        except ConnectionError:
            pass
        assert client.ended()
    entry = program.access_log(count=1)[0]
    assert (entry["end"], entry["upstream"], entry["server"], entry["attempts"]) == (end, None, None, 0)
    assert program.metric("lb_connections_total", listener="front", result=end) == 1
    assert not any(origin.connections for origin in servers.values())
    assert f"({end})" in program.stderr


@pytest.mark.parametrize("name", BAD)
def test_with_one_it_goes_there_as_it_came(start, servers, other, name):
    program = start("lb", config({**servers, "other": other}, MATCHES, listener={"upstream": "other"}))
    data = BAD[name][0]
    with Client(program.port(), first=data):
        assert reached({**servers, "other": other}, data) == "other"


@pytest.mark.parametrize("said", [b"", b"\x16\3\1\2\0", HELLOS["ordinary"][:-1]], ids=["nothing", "a record's head", "all but a byte"])
def test_who_does_not_finish_runs_into_the_deadline(start, servers, other, said):
    program = start("lb", config({**servers, "other": other}, MATCHES,
                                 listener={"upstream": "other", "timeout": {"handshake": "300ms"}}))
    with Client(program.port(), first=said) as client:
        assert client.ended()
    assert program.access_log(count=1)[0]["end"] == "handshake_timeout"
    assert not any(origin.connections for origin in (*servers.values(), other))


def test_who_leaves_early_is_no_trouble(start, servers):
    program = start("lb", config(servers, MATCHES))
    Client(program.port()).close()
    Client(program.port(), first=HELLOS["ordinary"][:50]).close()
    Client(program.port(), first=HELLOS["ordinary"][:50]).reset()
    entries = program.access_log(count=3)
    assert sorted(entry["end"] for entry in entries)[:2] == ["client", "client"]
    assert program.metric("lb_connections_active") == 0


# PROXY protocol.

def test_the_server_is_told_name_and_protocol(start, keep):
    origin = keep(Origin.silent())
    program = start("lb", config({"api": origin}, [{"sni": API, "upstream": "api"}], upstream={"proxy_protocol": "v2"}))
    data = hello(server_name("API.example.com"), protocols("h2", "http/1.1"))
    with Client(program.port(), first=data) as client:
        header = wait_until(lambda: origin.connections and parse_proxy_v2(bytes(origin.connections[0].received)))
        assert (header.source, header.tlvs[2], header.tlvs[1]) == (client.address, b"api.example.com", b"h2")
        wait_until(lambda: bytes(origin.connections[0].received[header.size:]) == data)


def test_a_hello_behind_a_proxy_header_is_routed_and_what_was_announced_is_passed_on(start, keep):
    origin = keep(Origin.silent())
    program = start("lb", config({"api": origin}, [{"sni": API, "upstream": "api"}], upstream={"proxy_protocol": "v2"},
                                 listener={"proxy_protocol_from": ["127.0.0.1/32"]}))
    data = hello(server_name("api.example.com"))
    announced = proxy_v2(tlvs=tlv(2, b"announced.example") + tlv(1, b"spdy/3") + tlv(0x20, b"\7\0\0\0\0" + tlv(0x21, b"TLSv1.3")))
    with Client(program.port(), first=announced + data):
        header = wait_until(lambda: origin.connections and parse_proxy_v2(bytes(origin.connections[0].received)))
        assert header.source == ("192.0.2.7", 4711)
        assert (header.tlvs[2], header.tlvs[1]) == (b"api.example.com", b"spdy/3")  # the hello's own word is the better one
        assert header.tlvs[0x20] == b"\7\0\0\0\0" + tlv(0x21, b"TLSv1.3")


# Real clients and servers.

def test_openssl_and_curl_with_client_certificates(start, keep, authority):
    mine = authority.issue("someone")
    servers = {name: keep(TlsOrigin(name, authority.issue(name), client_ca=authority.file))
               for name in ("api.example.com", "shop.old.example.com")}
    program = start("lb", config({name.split(".")[0]: server for name, server in servers.items()},
                                 [{"sni": API, "upstream": "api"}, {"sni": OLD, "upstream": "shop"}]))
    port = program.port()
    for name in servers:
        arguments = ["-servername", name, "-CAfile", authority.file, "-verify_return_error", "-cert", mine[0], "-key", mine[1]]
        for version in ("-tls1_2", "-tls1_3"):
            status, said = s_client(port, *arguments, "-alpn", "h2", version, say="GET / HTTP/1.1\r\n\r\n", until=" someone")
            assert f"{name} {name} h2 someone" in said, said
        curl = subprocess.run(["curl", "-sS", "--cacert", authority.file, "--cert", mine[0], "--key", mine[1], "--http1.1",
                               "--connect-to", f"::127.0.0.1:{port}", f"https://{name}/"],
                              capture_output=True, text=True, timeout=DEADLINE)
        assert (curl.stdout, curl.returncode) == (f"{name} {name} http/1.1 someone\n", 0), curl.stderr


@pytest.mark.parametrize("pieces", ["bytewise", "three records"])
def test_a_real_handshake_of_odd_pieces(start, keep, authority, pieces):
    server = keep(TlsOrigin("api", authority.issue("api.example.com")))
    program = start("lb", config({"api": server}, MATCHES[:1]))
    many = [f"{number:03d}" + "x" * 250 for number in range(32)] if pieces == "three records" else []  # makes it 8 KB
    with Client(program.port()) as client:
        client_side = Bio(client, client_context(authority, alpn=[*many, "h2"]), "api.example.com")

        def first_flight(data):
            if pieces == "bytewise":
                return client.send_bytewise(data)
            assert len(data) > 8000 and data[0] == 22
            cut = len(data) // 3
            for begin in (5, 5 + cut, 5 + 2 * cut):
                client.send(record(data[begin:min(begin + cut, len(data))] if begin < 5 + 2 * cut else data[begin:]))
            return None

        flights = [first_flight]
        client_side.run(client_side.tls.do_handshake, lambda data: flights.pop()(data) if flights else client.send(data))
        assert client_side.tls.selected_alpn_protocol() == "h2"
        client_side.tls.write(b"hello\n")
        assert client_side.run(lambda: client_side.tls.read(100), client.send) == b"api api.example.com h2 \n"


def test_a_reload_changes_the_way(start, servers):
    program = start("lb", config(servers, MATCHES, listener={"listen": "127.0.0.1:0"}))
    data = HELLOS["ordinary"]
    with Client(program.port(), first=data) as before:
        assert reached(servers, data) == "api"
        program.reload(config(servers, [{"sni": API, "upstream": "old"}]))
        with Client(program.port(), first=data):
            wait_until(lambda: any(bytes(c.received) == data for c in servers["old"].connections))
        before.send(b"still there")
        wait_until(lambda: bytes(servers["api"].connections[0].received) == data + b"still there")
