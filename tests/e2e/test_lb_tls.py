"""TLS ended at lb: certificates by name, client certificates, what servers are told, what is not TLS, reload."""
import ssl
import subprocess

import pytest

from certificates import Authority
from origins import HttpOrigin, Origin, response
from raw import DEADLINE, Client, parse_proxy_v2, proxy_v2, tlv, wait_until
from tandem import lb_config, run
from tls import Bio, client_context, connect, record, s_client, shown


@pytest.fixture
def echo(keep):
    return keep(Origin.echo())


def echoes(tls, data=b"hello"):
    tls.sendall(data)
    received = b""
    while len(received) < len(data):
        piece = tls.recv(65536)
        assert piece, "ended too early"
        received += piece
    assert received == data
    return True


def curl(port, authority, *arguments, name="site.example"):
    command = ["curl", "-sS", "--cacert", authority.file, "--resolve", f"{name}:{port}:127.0.0.1", *map(str, arguments),
               f"https://{name}:{port}/"]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)


# Real clients.

def test_openssl_and_curl_with_client_certificates(lb, authority, site, tmp_path):
    origin = HttpOrigin(lambda request: response(b"served"))
    program = lb([origin], listener=shown(site, client_ca=str(authority.file)))
    mine = authority.issue("someone")
    for version in ("1.2", "1.3"):
        status, printed = s_client(program.port(), "-CAfile", authority.file, "-servername", "site.example",
                                   "-verify_return_error", f"-tls{version.replace('.', '_')}", "-cert", mine[0], "-key", mine[1],
                                   say="GET / HTTP/1.1\r\nHost: site.example\r\n\r\n", until="served")
        assert "served" in printed and "Verify return code: 0" in printed, printed
        done = curl(program.port(), authority, "--cert", mine[0], "--key", mine[1], "--tls-max", version)
        assert (done.stdout, done.returncode) == ("served", 0), done.stderr
    stranger = Authority(tmp_path / "other", "Other CA").issue("stranger")
    late = authority.issue_expired("late.example")
    served = len(origin.requests)
    for refused in ([], ["--cert", stranger[0], "--key", stranger[1]], ["--cert", late[0], "--key", late[1]]):
        assert curl(program.port(), authority, *refused).returncode != 0
    assert curl(program.port(), authority, "--tls-max", "1.1").returncode != 0
    assert len(origin.requests) == served
    entries = wait_until(lambda: len(found := program.access_log(end="tls_handshake")) == 4 and found)
    assert all((entry["server"], entry["attempts"]) == (None, 0) for entry in entries)
    assert program.metric("lb_connections_total", listener="front", result="tls_handshake") == 4
    assert program.metric("lb_tls_handshakes_total", result="failed") == 4
    assert program.metric("lb_tls_handshakes_total", result="new") == 4
    assert "(tls_handshake)" in program.stderr


@pytest.mark.parametrize("pieces", ["bytewise", "8 KB over three records"])
def test_a_real_handshake_of_odd_pieces(lb, authority, site, echo, pieces):
    program = lb([echo], listener=shown(site))
    many = [f"{number:03d}" + "x" * 250 for number in range(32)] if pieces != "bytewise" else []
    with Client(program.port()) as client:
        client_side = Bio(client, client_context(authority, alpn=[*many, "h2"]), "site.example")

        def first_flight(data):
            if pieces == "bytewise":
                return client.send_bytewise(data)
            assert len(data) > 8000 and data[0] == 22
            hello, cut = data[5:], len(data) // 3
            for at in (0, cut, 2 * cut):
                client.send(record(hello[at:at + cut] if at < 2 * cut else hello[at:]))

        flights = [first_flight]
        client_side.run(client_side.tls.do_handshake, lambda data: flights.pop()(data) if flights else client.send(data))
        assert client_side.tls.selected_alpn_protocol() is None
        client_side.run(lambda: client_side.tls.write(b"hello"), client.send)
        assert client_side.run(lambda: client_side.tls.read(100), client.send) == b"hello"


def test_the_certificate_follows_the_name(lb, authority, site, echo):
    api, wild = authority.issue("api.example"), authority.issue("wild", "*.wild.example")
    program = lb([echo], listener=shown(site, api, wild))
    context = client_context(authority)
    for name in ("site.example", "api.example", "a.wild.example"):
        with connect(program.port(), context, name) as tls:
            assert echoes(tls)
    context.check_hostname = False
    for name in ("a.b.wild.example", "unknown.example", None):
        with connect(program.port(), context, name) as tls:
            assert ("DNS", "site.example") in tls.getpeercert()["subjectAltName"]


def test_sessions_are_resumed_by_every_worker_and_after_a_reload(start, authority, site, echo):
    text = lb_config([echo.address], listener=shown(site), workers=2)
    program = start("lb", text)
    context, session = client_context(authority), None
    for turn in range(12):
        if turn == 6:
            program.reload(text)
        with connect(program.port(), context, session=session) as tls:
            assert echoes(tls)
            assert tls.session_reused == (session is not None)
            session = tls.session
    assert program.metric("lb_tls_handshakes_total", result="resumed") == 11


# Bytes and ends.

def test_big_flows_both_ways_and_the_end_is_told(lb, authority, site, keep):
    body = bytes(range(256)) * 80_000  # 20 MB each way

    def answer(connection):
        while len(connection.received) < len(body):
            assert connection.read()
        assert connection.received == body
        connection.socket.sendall(body)
    program = lb([keep(Origin(answer))], listener=shown(site))
    with connect(program.port(), client_context(authority)) as tls:
        tls.sendall(body)
        received = bytearray()
        while piece := tls.recv(65536):  # raises where close_notify is missing
            received += piece
    assert received == body
    entry = program.access_log(count=1)[0]
    assert (entry["bytes_in"], entry["bytes_out"], entry["end"]) == (len(body), len(body), "server")


def test_a_server_that_resets_is_no_clean_end(lb, authority, site, keep):
    program = lb([keep(Origin.resetting())], listener=shown(site))
    with connect(program.port(), client_context(authority)) as tls:
        tls.sendall(b"x")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            tls.recv(1)
    assert program.access_log(count=1)[0]["end"] == "reset_by_server"


# PROXY protocol.

def test_the_server_is_told_of_tls_and_the_clients_certificate(lb, authority, site, keep):
    origin = keep(Origin.silent())
    program = lb([origin], listener=shown(site, client_ca=str(authority.file)), upstream={"proxy_protocol": "v2"})
    context = client_context(authority, certificate=authority.issue("alice"))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with connect(program.port(), context) as tls:
        tls.sendall(b"payload")
        header = wait_until(lambda: origin.connections and parse_proxy_v2(bytes(origin.connections[0].received)))
        assert header.source == tls.getsockname()
        assert header.tlvs[2] == b"site.example" and 1 not in header.tlvs
        cipher = tls.cipher()[0].encode()
        assert header.tlvs[0x20] == b"\7\0\0\0\0" + tlv(0x21, b"TLSv1.3") + tlv(0x23, cipher) + tlv(0x22, b"alice")
        wait_until(lambda: bytes(origin.connections[0].received[header.size:]) == b"payload")


def test_tls_behind_a_proxy_header(lb, authority, site, keep):
    origin = keep(Origin.silent())
    program = lb([origin], listener=shown(site) | {"proxy_protocol_from": ["127.0.0.1/32"]}, upstream={"proxy_protocol": "v2"})
    announced = proxy_v2(tlvs=tlv(2, b"announced.example") + tlv(5, b"theirs") + tlv(0x20, b"\1\0\0\0\1" + tlv(0x21, b"TLSv1")))
    with connect(program.port(), client_context(authority), first=announced) as tls:
        tls.sendall(b"payload")
        header = wait_until(lambda: origin.connections and parse_proxy_v2(bytes(origin.connections[0].received)))
        assert header.source == ("192.0.2.7", 4711) and header.tlvs[5] == b"theirs"
        assert header.tlvs[2] == b"site.example"
        assert header.tlvs[0x20].startswith(b"\1\0\0\0\1" + tlv(0x21, b"TLSv1.3"))
    with Client(program.port()) as client:  # a header is due first, and TLS is none
        client.send(b"\x16\3\1\2\0\1\0\1\xfc\3\3" + bytes(32))
        assert client.ended()
    wait_until(lambda: program.access_log(end="proxy_header_missing"))


# What is not TLS.

def test_plain_http_is_closed_and_logged(lb, site, echo):
    program = lb([echo], listener=shown(site))
    with Client(program.port()) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n")
        assert client.ended()
    assert program.access_log(count=1)[0]["end"] == "not_tls"
    assert "plain HTTP came where TLS is spoken (not_tls)" in program.stderr
    assert program.metric("lb_tls_handshakes_total", result="plain_http") == 1
    assert not echo.connections


@pytest.mark.parametrize("garbage", [b"\0" * 64, b"\x16\x03\x01\xff\xff" + b"x" * 2000, bytes(range(256)), b"\x80" * 200,
                                     b"\x15\x03\x01\x00\x02\x02\x28", b"SSH-2.0-OpenSSH\r\n"])
def test_garbage_is_closed(lb, site, echo, garbage):
    program = lb([echo], listener=shown(site))
    with Client(program.port()) as client:
        client.send(garbage)
        client.read_all()  # an alert, perhaps
    assert program.access_log(count=1)[0]["end"] == "tls_handshake"
    assert program.metric("lb_tls_handshakes_total", result="failed") == 1
    assert not echo.connections


@pytest.mark.parametrize("header", [b"", proxy_v2()], ids=["plain", "behind a header"])
def test_who_does_not_finish_runs_into_the_deadline(lb, site, echo, header):
    listener = {"timeout": {"handshake": "300ms"}, "proxy_protocol_from": ["127.0.0.1/32"] if header else []}
    program = lb([echo], listener=shown(site) | listener)
    for said in (b"", b"\x16\x03\x01\x02\x00\x01"):
        with Client(program.port(), first=header + said) as client:
            assert client.ended()
    assert {entry["end"] for entry in program.access_log(count=2)} == {"handshake_timeout"}
    assert program.metric("lb_tls_handshakes_total", result="timeout") == 2
    assert not echo.connections


def test_who_leaves_early_is_no_trouble(lb, site, echo):
    program = lb([echo], listener=shown(site))
    Client(program.port()).close()
    Client(program.port(), first=b"\x16\x03\x01\x02\x00\x01").close()
    Client(program.port(), first=b"\x16\x03\x01\x02\x00\x01").reset()
    ends = sorted(entry["end"] for entry in program.access_log(count=3))
    assert ends[:2] == ["client", "client"] and ends[2] in ("client", "reset_by_client")
    assert program.metric("lb_connections_active") == 0
    assert "closed:" not in program.stderr


# Configuration.

def test_new_connections_use_the_certificates_of_a_reload(start, authority, site, echo, tmp_path):
    files = [tmp_path / "now.pem", tmp_path / "now.key"]

    def put(identity):
        for file, source in zip(files, identity):
            file.write_bytes(source.read_bytes())
            file.chmod(0o600)
    put(site)
    text = lb_config([echo.address], listener=shown(files))
    program = start("lb", text)
    context = client_context(authority)
    with connect(program.port(), context) as old:
        assert echoes(old)
        put(authority.issue("renewed", "site.example", "renewed.example"))
        program.reload(text)
        with connect(program.port(), context, "renewed.example") as tls:
            assert echoes(tls)
        assert echoes(old)
        files[0].write_text("half a certific")
        done = run("lb", "reload", "--admin", f"127.0.0.1:{program.admin_port}")
        assert done.returncode == 2 and "now.pem" in done.stderr
        with connect(program.port(), context, "renewed.example") as tls:
            assert echoes(tls)
        assert echoes(old)


def test_a_listener_may_begin_and_cease_to_end_tls(start, authority, site, echo):
    plain, ended = lb_config([echo.address]), lb_config([echo.address], listener=shown(site))
    program = start("lb", plain)
    for text in (ended, plain):
        program.reload(text)
        with (connect(program.port(), client_context(authority)) if text is ended else Client(program.port()).socket) as client:
            assert echoes(client)
