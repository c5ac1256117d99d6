"""TLS from the gateway to services, and checks that speak it: whom it believes, what it shows, what a failure answers."""
import json
import socket
import ssl

import pytest

from certificates import Authority
from origins import HttpOrigin, Origin, response
from raw import Client, get, parse_proxy_v2, wait_until
from tandem import gateway_config, section
from tls import TlsOrigin, believing


def test_a_service_is_verified_by_chain_and_name(gateway, keep, authority, service_identity, tmp_path):
    service = keep(TlsOrigin("service", service_identity))
    program = gateway([service], upstream=believing(authority))
    for _ in range(5):
        assert get(program.port()).body == b"service service.internal None \n"
    assert len(service.connections) == 1  # kept, though session tickets came in between


@pytest.mark.parametrize("believed, name, identity", [
    ("stranger", "service.internal", "service_identity"),
    ("authority", "other.internal", "service_identity"),
    ("authority", "service.internal", "expired"),
    ("authority", None, "service_identity"),  # the address stands in no certificate
    ("system", "service.internal", "service_identity"),
])
def test_who_cannot_be_believed_gets_no_request(gateway, keep, authority, service_identity, tmp_path, believed, name, identity):
    expired = Authority.issue_expired
    service = keep(TlsOrigin("service", service_identity if identity == "service_identity" else expired(authority, "service.internal")))
    verify = {"authority": authority.file, "system": "system"}.get(believed) or Authority(tmp_path / "o", "Other").file
    program = gateway([service], upstream={"tls": {"verify": str(verify)} | ({"server_name": name} if name else {})})
    answer = get(program.port())
    assert answer.status == 502 and json.loads(answer.body)["reason"] == "upstream_tls"
    assert program.access_log(1)[0]["reason"] == "upstream_tls"
    wait_until(lambda: all(connection.error for connection in service.connections))  # in the handshake


def test_an_address_in_the_certificate_is_enough(gateway, keep, authority):
    service = keep(TlsOrigin("service", authority.issue("by-address", "x.internal", addresses=["127.0.0.1"])))
    program = gateway([service], upstream={"tls": {"verify": str(authority.file)}})
    assert get(program.port()).body == b"service None None \n"  # an address is no SNI


def test_verification_that_is_off_is_loud(gateway, keep, authority):
    service = keep(TlsOrigin("service", authority.issue_expired("whoever.internal")))
    program = gateway([service], upstream={"tls": {"verify": "off"}})
    assert get(program.port()).status == 200
    assert 'verify = "off"' in program.stderr


def test_a_service_that_asks_is_shown_our_certificate(gateway, keep, authority, service_identity):
    service = keep(TlsOrigin("service", service_identity, client_ca=authority.file))
    cert, key = authority.issue("gateway.internal")
    program = gateway([service], upstream=believing(authority, certificate=str(cert), key={"file": str(key)}))
    assert get(program.port()).body == b"service service.internal None gateway.internal\n"
    without = gateway([service], upstream=believing(authority))
    answer = get(without.port())
    assert answer.status == 502 and json.loads(answer.body)["reason"] in ("upstream_tls", "upstream_closed")


def test_plain_text_behind_tls_is_no_answer(gateway, keep, authority):
    for says in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b""):
        origin = keep(Origin.says(says))
        program = gateway([origin], upstream=believing(authority))
        answer = get(program.port())
        assert answer.status == 502 and json.loads(answer.body)["reason"] == "upstream_tls"
    silent = keep(Origin.silent())
    program = gateway([silent], upstream=believing(authority) | {"connect_timeout": "200ms", "attempts": 1})
    answer = get(program.port())
    assert answer.status == 504 and json.loads(answer.body)["reason"] == "upstream_connect_timeout"


def test_another_server_is_tried_when_tls_fails(gateway, keep, authority, service_identity):
    good, bad = keep(TlsOrigin("good", service_identity)), HttpOrigin()
    program = gateway([bad, good], upstream=believing(authority))
    for _ in range(4):
        assert get(program.port()).body.startswith(b"good ")


def test_big_bodies_both_ways_and_one_cut_off(gateway, keep, authority, service_identity):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*service_identity)
    body = bytes(range(256)) * 20_000

    def serve(connection):
        connection.socket = tls = context.wrap_socket(connection.socket, server_side=True)
        received = b""
        while not received.endswith(body):
            received += tls.recv(65536)
        tls.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body)
        if b"/whole" in received[:200]:
            tls.unwrap()  # close_notify; without it, an answer until close may be cut off
    program = gateway([keep(Origin(serve))], upstream=believing(authority), defaults={"max_body": "16MiB"})

    def post(target):
        with Client(program.port()) as client:
            client.send(b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (target, len(body)) + body)
            return client.answer("POST")
    whole = post(b"/whole")
    assert whole.status == 200 and whole.body == body and whole.complete
    assert not post(b"/cut").complete


@pytest.mark.parametrize("check", ["tls", "https"])
def test_checks_that_speak_tls(gateway, keep, authority, service_identity, check):
    service = keep(TlsOrigin("service", service_identity))
    plain = HttpOrigin()
    health = {"check": check, "every": "50ms", "rise": 1, "fall": 1}
    program = gateway([service, plain], upstream=believing(authority), health=health)

    def states():
        [upstream] = json.loads(program.admin("/status")[2])["upstreams"]
        return [server["state"] for server in upstream["servers"]]
    wait_until(lambda: states() == ["up", "down"], what="one server up, one down")
    service.close()
    wait_until(lambda: states() == ["down", "down"])


def test_a_mirror_speaks_tls_where_its_upstream_does(gateway, keep, authority, service_identity):
    service, copies = HttpOrigin(), keep(TlsOrigin("copies", service_identity))
    routes = (section("[upstream.copies]", servers=[copies.address], **believing(authority))
              + section("[upstream.copies.health]", check="off")
              + section("[[route]]", name="x", match="/{rest...}", to="service", mirror="copies"))
    program = gateway([service], routes=routes)
    for n in range(1, 4):
        assert get(program.port()).status == 200
        wait_until(lambda: program.metric("gateway_mirror_total", route="x", result="answered") == n, what="the copy")


def test_kept_connections_are_not_used_when_tls_is_asked_for_anew(start, keep, authority, service_identity):
    """The service speaks both, on one port: after the reload nothing may go out in plain text."""
    plain, tls = [], []

    def both(connection):
        first = connection.socket.recv(1, socket.MSG_PEEK)
        if first == b"\x16":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*service_identity)
            connection.socket = context.wrap_socket(connection.socket, server_side=True)
        while piece := connection.socket.recv(65536):
            (tls if first == b"\x16" else plain).append(piece)
            connection.socket.sendall(response(b"here"))
    service = keep(Origin(both))
    program = start("gateway", gateway_config([service.address]))
    assert [get(program.port()).body for _ in range(2)] == [b"here"] * 2 and len(plain) == 2
    program.reload(gateway_config([service.address], upstream=believing(authority)))
    assert [get(program.port()).body for _ in range(2)] == [b"here"] * 2
    assert len(plain) == 2 and len(tls) == 2
    program.reload(gateway_config([service.address]))
    assert get(program.port()).body == b"here" and len(plain) == 3


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_service_hears_of_the_client_in_a_proxy_header(gateway, keep, authority, service_identity, version, tls):
    seen = []

    def serve(connection):
        header = connection.socket.recv(65536, socket.MSG_PEEK)
        parsed = parse_proxy_v2(header) if version == "v2" else header.split(b"\r\n")[0].decode()
        size = 16 + int.from_bytes(header[14:16], "big") if version == "v2" else header.index(b"\r\n") + 2
        connection.socket.recv(size)
        seen.append(parsed)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*service_identity)
            connection.socket = context.wrap_socket(connection.socket, server_side=True)
        if connection.socket.recv(65536).startswith(b"GET / HTTP/1.1\r\n"):
            connection.socket.sendall(response(b"here"))
    program = gateway([keep(Origin(serve))], upstream={"proxy_protocol": version, "keepalive": "off",
                                                       **(believing(authority) if tls else {})})
    for _ in range(2):
        with Client(program.port()) as client:
            assert client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"here"
            if version == "v1":
                assert seen[-1] == f"PROXY TCP4 127.0.0.1 127.0.0.1 {client.address[1]} {program.port()}"
            else:
                assert (seen[-1].source, seen[-1].target) == (client.address, ("127.0.0.1", program.port()))
