"""TLS from lb to its servers: whom it believes, what it shows, what a failure leads to, what comes before it."""
import json
import socket
import ssl

import pytest

from certificates import Authority
from origins import Origin
from raw import DEADLINE, Client, wait_until
from tandem import sanitized
from tls import TlsOrigin, believing, client_context


def ask(program):
    """What the server says to one line of a plain client."""
    with Client(program.port()) as client:
        client.send(b"who\n")
        return client.read_until(b"\n").decode()


def refused(program):
    """The access log's line of a plain client that reaches nobody."""
    with Client(program.port()) as client:
        client.read_all()
    return program.access_log(count=1)[0]


def test_a_plain_client_reaches_a_server_in_tls(lb, keep, authority, service_identity):
    server = keep(TlsOrigin("server", service_identity))
    program = lb([server], upstream=believing(authority))
    assert ask(program) == "server service.internal None \n"
    entry = program.access_log(count=1)[0]
    assert (entry["attempts"], entry["bytes_in"]) == (1, 4)


def test_openssl_and_curl_through_tls_on_both_sides(lb, keep, authority, service_identity):
    server = keep(TlsOrigin("server", service_identity, client_ca=authority.file, proxy=True))
    own = authority.issue("lb.internal")
    site = authority.issue("site.example")
    tls = {"certificates": [{"cert": str(site[0]), "key": str(site[1])}], "client_ca": str(authority.file)}
    program = lb([server], listener={"tls": tls},
                 upstream=believing(authority, certificate=str(own[0]), key={"file": str(own[1])}) | {"proxy_protocol": "v2"})
    context = client_context(authority, certificate=authority.issue("alice"))
    for _ in range(3):
        plain = socket.create_connection(("127.0.0.1", program.port()), timeout=DEADLINE)
        with context.wrap_socket(plain, server_hostname="site.example") as client:
            client.sendall(b"who\n")
            assert client.recv(100) == b"server service.internal None lb.internal\n"
            header = server.headers[-1]
            assert header.source == client.getsockname()
            assert header.tlvs[2] == b"site.example" and header.tlvs[0x20].endswith(b"\x22\0\5alice")


@pytest.mark.parametrize("believed, name, identity", [
    ("stranger", "service.internal", "service_identity"),
    ("authority", "other.internal", "service_identity"),
    ("authority", "service.internal", "expired"),
    ("authority", None, "service_identity"),  # the address stands in no certificate
    ("system", "service.internal", "service_identity"),
])
def test_who_cannot_be_believed_gets_no_byte(lb, keep, authority, service_identity, tmp_path, believed, name, identity):
    server = keep(TlsOrigin("server", service_identity if identity == "service_identity" else authority.issue_expired("service.internal")))
    verify = {"authority": authority.file, "system": "system"}.get(believed) or Authority(tmp_path / "o", "Other").file
    program = lb([server], upstream={"tls": {"verify": str(verify)} | ({"server_name": name} if name else {})})
    entry = refused(program)
    assert (entry["end"], entry["server"], entry["attempts"]) == ("upstream_tls", None, 3)
    assert program.metric("lb_connections_total", result="upstream_tls") == 1
    wait_until(lambda: all(connection.error for connection in server.connections))  # in the handshake


def test_an_address_in_the_certificate_is_enough_and_none_is_with_verification_off(lb, keep, authority):
    server = keep(TlsOrigin("server", authority.issue("by-address", "x.internal", addresses=["127.0.0.1"])))
    program = lb([server], upstream={"tls": {"verify": str(authority.file)}})
    assert ask(program) == "server None None \n"  # an address is no SNI
    anybody = lb([keep(TlsOrigin("anybody", authority.issue_expired("whoever.internal")))], upstream={"tls": {"verify": "off"}})
    assert ask(anybody).startswith("anybody ")
    assert 'verify = "off"' in anybody.stderr


def test_another_server_is_tried_when_tls_fails(lb, keep, authority, service_identity):
    good = keep(TlsOrigin("good", service_identity))
    stranger = keep(TlsOrigin("stranger", authority.issue("stranger.internal")))
    plain = keep(Origin.says(b"SSH-2.0-OpenSSH\r\n"))
    program = lb([stranger, plain, good], upstream=believing(authority))
    for _ in range(6):
        assert ask(program).startswith("good ")
    entries = program.access_log(count=6)
    assert {entry["server"] for entry in entries} == {good.address}
    assert max(entry["attempts"] for entry in entries) == 3
    assert not plain.connections[0].error


def test_a_server_that_does_not_answer_costs_the_time_of_one_attempt(lb, keep, authority):
    silent = keep(Origin.silent())
    program = lb([silent], upstream=believing(authority) | {"attempts": 2}, listener={"timeout": {"connect": "200ms"}})
    entry = refused(program)
    assert (entry["end"], entry["attempts"]) == ("upstream_connect_timeout", 2)


def test_big_flows_both_ways_with_a_slow_reader_and_ends_as_they_came(lb, keep, authority, service_identity):
    body = bytes(range(256)) * 200_000  # 50 MB each way
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*service_identity)
    got = []

    def answer(connection):
        connection.socket = tls = context.wrap_socket(connection.socket, server_side=True)
        received = bytearray()
        while len(received) < len(body):
            received += tls.recv(65536)
        got.append(received == body)
        tls.sendall(body)
        tls.unwrap()
    program = lb([keep(Origin(answer))], upstream=believing(authority))
    with Client(program.port(), receive_buffer=128 * 1024, timeout=60) as client:
        client.send(body)
        assert client.read_all() == body
    assert got == [True]
    entry = program.access_log(count=1)[0]
    assert (entry["bytes_in"], entry["bytes_out"], entry["end"]) == (len(body), len(body), "server")
    assert sanitized() or program.peak_kib() < 60_000  # what waits for a slow reader waits at the server


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "cut off"])
def test_a_cut_off_stream_is_cut_off_for_a_client_in_tls_too(lb, keep, authority, service_identity, whole):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*service_identity)

    def answer(connection):
        connection.socket = tls = context.wrap_socket(connection.socket, server_side=True)
        tls.recv(10)
        tls.sendall(b"x" * 100_000)
        if whole:
            tls.unwrap()
    site = authority.issue("site.example")
    program = lb([keep(Origin(answer))], upstream=believing(authority),
                 listener={"tls": {"certificates": [{"cert": str(site[0]), "key": str(site[1])}]}})
    plain = socket.create_connection(("127.0.0.1", program.port()), timeout=DEADLINE)
    with client_context(authority).wrap_socket(plain, server_hostname="site.example", suppress_ragged_eofs=False) as client:
        client.sendall(b"x")
        received, clean = 0, True
        try:
            while piece := client.recv(65536):
                received += len(piece)
        except ssl.SSLError:  # "unexpected eof"
            clean = False
    assert (received, clean) == (100_000, whole)


@pytest.mark.parametrize("check", ["tls", "https"])
def test_checks_that_speak_tls(lb, keep, authority, service_identity, check):
    server, plain = keep(TlsOrigin("server", service_identity)), keep(Origin.says(b"hello"))
    program = lb([server, plain], upstream=believing(authority), health={"check": check, "every": "50ms", "rise": 1, "fall": 1})

    def states():
        [upstream] = json.loads(program.admin("/status")[2])["upstreams"]
        return [server["state"] for server in upstream["servers"]]
    wait_until(lambda: states() == ["up", "down"], what="one server up, one down")
    assert ask(program).startswith("server ")
    server.close()
    wait_until(lambda: states() == ["down", "down"])
