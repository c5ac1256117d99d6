"""TLS at the gateway's listeners: certificates by name, client certificates, what is not TLS, reload."""
import json
import re
import socket
import ssl
import subprocess

import pytest

from certificates import Authority
from origins import HttpOrigin, response
from raw import DEADLINE, Client, ask, wait_until
from tandem import gateway_config, run
from tls import Bio, client_context, connect, s_client, shown


def exchange(tls, request=b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n"):
    """One request, the answer up to what its Content-Length says."""
    tls.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += tls.recv(65536)
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += tls.recv(65536)
    return int(head.split()[1]), body


def curl(port, authority, *arguments, name="site.example"):
    command = ["curl", "-sS", "--cacert", authority.file, "--resolve", f"{name}:{port}:127.0.0.1", *map(str, arguments),
               f"https://{name}:{port}/"]
    return subprocess.run(command, capture_output=True, timeout=DEADLINE)


def test_curl_in_all_its_ways_and_the_service_is_told_https(gateway, authority, site, tmp_path):
    origin = HttpOrigin(lambda request: response(request.body or b"x"))
    program = gateway([origin], listener=shown(site), defaults={"max_body": "16MiB"})
    assert curl(program.port(), authority).stdout == b"x"
    assert origin.requests[0].header("X-Forwarded-Proto") == "https"
    big = tmp_path / "big"
    big.write_bytes(bytes(range(256)) * 20_000)
    for more in (["--tls-max", "1.2"], ["--tlsv1.3"], ["--http1.0"], ["-H", "Expect: 100-continue"]):
        done = curl(program.port(), authority, "--data-binary", f"@{big}", *more)
        assert done.stdout == big.read_bytes(), (more, done.stderr)
    assert program.metric("gateway_tls_handshakes_total", result="new") == 5
    assert curl(program.port(), authority, "--tls-max", "1.1").returncode != 0


def test_the_certificate_follows_the_name(gateway, authority, site):
    api, wild = authority.issue("api.example"), authority.issue("wild", "*.wild.example")
    program = gateway([HttpOrigin()], listener=shown(site, api, wild))
    context = client_context(authority)
    for name in ("site.example", "api.example", "a.wild.example"):
        with connect(program.port(), context, name) as tls:
            assert exchange(tls)[0] == 200
    context.check_hostname = False
    for name in ("a.b.wild.example", "unknown.example", None):
        with connect(program.port(), context, name) as tls:
            assert ("DNS", "site.example") in tls.getpeercert()["subjectAltName"]
            assert tls.selected_alpn_protocol() is None


def test_protocols_are_agreed_upon(gateway, authority, site):
    program = gateway([HttpOrigin()], listener=shown(site))
    with connect(program.port(), client_context(authority, alpn=["h2", "http/1.1"])) as tls:
        assert tls.selected_alpn_protocol() == "http/1.1"
    with pytest.raises(ssl.SSLError):
        connect(program.port(), client_context(authority, alpn=["h2"]))


def test_sessions_are_resumed_by_every_worker(gateway, authority, site, tmp_path):
    program = gateway([HttpOrigin()], listener=shown(site), workers=2)
    context, session = client_context(authority), None
    for _ in range(12):
        plain = socket.create_connection(("127.0.0.1", program.port()), timeout=DEADLINE)
        with context.wrap_socket(plain, server_hostname="site.example", session=session) as tls:
            assert exchange(tls)[0] == 200
            assert tls.session_reused == (session is not None)
            session = tls.session
    assert program.metric("gateway_tls_handshakes_total", result="resumed") == 11


def test_plain_http_is_told_so(gateway, site):
    origin = HttpOrigin()
    program = gateway([origin], listener=shown(site))
    for method in ("GET", "DELETE", "OPTIONS"):
        answer = ask(program.port(), f"{method} / HTTP/1.1\r\nHost: site.example\r\n\r\n", to=method)
        assert answer.status == 400 and answer.header("Connection") == "close"
        assert json.loads(answer.body)["reason"] == "plain_http"
    assert not origin.requests
    assert program.metric("gateway_tls_handshakes_total", result="plain_http") == 3


def test_a_handshake_a_byte_at_a_time_and_one_that_never_ends(gateway, authority, site):
    listener = shown(site) | {"timeout": {"handshake": "400ms"}}
    program = gateway([HttpOrigin()], listener=shown(site))
    with Client(program.port()) as client:
        tls = Bio(client, client_context(authority), "site.example")
        tls.run(tls.tls.do_handshake, client.send_bytewise)
        tls.run(lambda: tls.tls.write(b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n"), client.send_bytewise)
        assert tls.run(lambda: tls.tls.read(12), client.send) == b"HTTP/1.1 200"
    slow = gateway([HttpOrigin()], listener=listener)
    with Client(slow.port()) as client:
        client.send(b"\x16\x03\x01\x02\x00\x01")
        assert client.ended()
    wait_until(lambda: slow.metric("gateway_tls_handshakes_total", result="timeout") == 1)


@pytest.mark.parametrize("garbage", [b"\0" * 64, b"\x16\x03\x01\xff\xff" + b"x" * 2000, bytes(range(256)), b"\x80" * 200,
                                     b"\x15\x03\x01\x00\x02\x02\x28"])
def test_garbage_is_closed(gateway, site, garbage):
    program = gateway([HttpOrigin()], listener=shown(site) | {"timeout": {"handshake": "2s"}})
    with Client(program.port()) as client:
        client.send(garbage)
        client.shutdown_write()
        client.read_all()
    wait_until(lambda: program.metric("gateway_tls_handshakes_total", result="failed") == 1)


def test_clients_must_show_a_certificate_of_the_authority(gateway, authority, site, tmp_path):
    origin = HttpOrigin()
    program = gateway([origin], listener=shown(site, client_ca=str(authority.file)))
    alice = authority.issue("alice")
    late = authority.issue_expired("late.example")
    stranger = Authority(tmp_path / "other", "Other CA").issue("stranger")
    assert curl(program.port(), authority, "--cert", alice[0], "--key", alice[1]).returncode == 0
    for identity in (stranger, late):
        assert curl(program.port(), authority, "--cert", identity[0], "--key", identity[1]).returncode != 0
    assert curl(program.port(), authority).returncode != 0
    assert len(origin.requests) == 1
    assert program.metric("gateway_tls_handshakes_total", result="failed") == 3
    status, printed = s_client(program.port(), "-CAfile", authority.file, "-cert", alice[0], "-key", alice[1],
                               say="GET / HTTP/1.1\r\nHost: a\r\n\r\n", until="HTTP/1.1 200")
    assert "HTTP/1.1 200" in printed and "Verify return code: 0" in printed


def test_renegotiation_is_refused(gateway, authority, site):
    program = gateway([HttpOrigin()], listener=shown(site))
    process = subprocess.Popen(["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{program.port()}"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    printed, _ = process.communicate("R\n", timeout=DEADLINE)
    assert "no renegotiation" in printed


def test_an_answer_until_close_ends_with_close_notify(gateway, authority, site):
    big = b"x" * 3_000_000

    def answer(request):
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(big), big)
    program = gateway([HttpOrigin(answer)], listener=shown(site))
    with connect(program.port(), client_context(authority)) as tls:
        tls.sendall(b"GET / HTTP/1.0\r\nHost: site.example\r\n\r\n")
        data = b""
        while piece := tls.recv(65536):  # raises where close_notify is missing
            data += piece
    assert data.endswith(b"\r\n\r\n" + big)


def test_handshakes_that_fail_do_not_fill_the_log_and_none_is_forgotten(gateway, site):
    program = gateway([HttpOrigin()], listener=shown(site), workers=1)
    made = 0

    def fail():
        nonlocal made
        with Client(program.port()) as client:
            assert b"400" in client.send("GET / HTTP/1.1\r\nHost: site.example\r\n\r\n").read_all()
        made += 1

    def said():
        told = re.findall(r"no TLS with [^\n]*?(?: \(and (\d+) more\))?$", program.stderr, re.MULTILINE)
        return [1 + int(more or 0) for more in told]

    def all_are_said():
        fail()
        return len(said()) > 1 and sum(said()) == made
    for _ in range(40):
        fail()
    wait_until(all_are_said, what="a line that speaks of all others")
    assert program.metric("gateway_tls_handshakes_total", result="plain_http") == made
    assert len(said()) < made / 4, program.stderr


def test_new_connections_use_the_certificates_of_a_reload(start, authority, site, tmp_path):
    files = [tmp_path / "now.pem", tmp_path / "now.key"]

    def put(identity):
        for file, source in zip(files, identity):
            file.write_bytes(source.read_bytes())
            file.chmod(0o600)
    put(site)
    text = gateway_config([HttpOrigin().address], listener=shown(files))
    program = start("gateway", text)
    context = client_context(authority)
    with connect(program.port(), context) as old:
        assert exchange(old)[0] == 200
        put(authority.issue("renewed", "site.example", "renewed.example"))
        program.reload(text)
        with connect(program.port(), context, "renewed.example") as tls:
            assert exchange(tls)[0] == 200
        assert exchange(old)[0] == 200
        files[0].write_text("half a certific")
        done = run("gateway", "reload", "--admin", f"127.0.0.1:{program.admin_port}")
        assert done.returncode == 2 and "now.pem" in done.stderr
        with connect(program.port(), context, "renewed.example") as tls:
            assert exchange(tls)[0] == 200
        assert exchange(old)[0] == 200


def test_check_tells_of_files_that_do_not_fit(tmp_path, authority, site):
    other = authority.issue("other.example")
    late = authority.issue_expired("late.example")

    def check(*identities, **more):
        config = tmp_path / "gateway.toml"
        config.write_text(gateway_config(["127.0.0.1:9"], listener=shown(*identities, **more)))
        return run("gateway", "check", "-c", config)
    assert check(site).returncode == 0
    done = check((site[0], other[1]))
    assert done.returncode == 2 and "the key is not that of the certificate" in done.stderr
    assert "gateway.toml:" in done.stderr
    done = check((tmp_path / "missing.pem", other[1]))
    assert done.returncode == 2 and "missing.pem: no such file" in done.stderr.lower()
    done = check(late)
    assert done.returncode == 0 and "expired on 2020-01-02" in done.stderr + done.stdout
    assert check(site, client_ca=str(site[1])).returncode == 2
