"""Client certificates at the door: the subject or an alternative name says who calls, alone or beside other credentials."""
import json
import subprocess

import pytest

from certificates import Authority
from issuer import AUDIENCE, ISSUER, Keys, public_pem
from origins import HttpOrigin
from raw import DEADLINE, wait_until
from tandem import gateway_config, run, section
from tls import client_context, connect, shown

KEYS = Keys()
TOLD = {"request": {"set": {"X-Consumer": "consumer:name", "X-Plan": "consumer:plan", "X-Groups": "consumer:groups",
                            "X-Print": "claim:fingerprint", "X-From": "claim:issuer"}}}
TOKENS = section("[auth.people]", kind="jwt", issuer=ISSUER, audience=[AUDIENCE], public_key="key.pem", auth_failures="none")
GOLD = section("[[consumer]]", name="robot-7", groups=["robots", "eu"], plan="gold") + section("[[consumer]]", name="robot-8")


def provider(name="devices", **keys):
    return section(f"[auth.{name}]", **{"kind": "mtls", "auth_failures": "none", **keys})


def route(*auth, name="all", match="/{rest...}", **keys):
    return section("[[route]]", name=name, match=match, to="service", auth=list(auth or ["devices"]), **{"headers": TOLD, **keys})


@pytest.fixture
def robot(authority):
    return authority.issue("robot", "Robot-7.Devices.example", "second.example", common_name="/O=Example/CN=robot-7",
                           also=["URI:spiffe://example/robot/7", "email:robot7@example.com"])


@pytest.fixture
def front(gateway, authority, site):
    """front(routes, …) -> (gateway, origin); clients are asked for certificates of `authority`, or of `client_ca`."""
    def make(routes, files=None, client_ca=None, tls=None, **more):
        origin = HttpOrigin()
        program = gateway([origin], defaults={"public": False}, routes=routes, listener=shown(
            site, client_ca=str(client_ca or authority.file), **(tls or {})),
            files={"consumers.toml": GOLD, "key.pem": public_pem(KEYS.private["ES256"]), **(files or {})}, **more)
        return program, origin
    return make


def fields(origin):
    return {name.lower(): value for name, value in origin.requests[-1].headers}


def curl(program, authority, *more, certificate=None, path="/x"):
    """(status, body) of one request by curl with this certificate."""
    port = program.port()
    who = ["--cert", certificate[0], "--key", certificate[1]] if certificate else []
    done = subprocess.run(["curl", "-sS", "--cacert", authority.file, "--resolve", f"site.example:{port}:127.0.0.1", *map(str, who),
                           "-w", "\n%{http_code}", *more, f"https://site.example:{port}{path}"], capture_output=True, timeout=DEADLINE)
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status or 0), body, done.stderr.decode()


def test_the_common_name_is_the_caller_and_nothing_of_a_client_passes_for_it(front, authority, robot):
    program, origin = front(provider() + route())
    forged = ["-H", "X-Consumer: root", "-H", "X-Client-Cert: root", "-H", "X-Print: 00"]
    for _ in range(2):  # the second time it is remembered
        assert curl(program, authority, *forged, certificate=robot)[0] == 200
        seen = fields(origin)
        assert seen["x-consumer"] == "robot-7" and seen["x-from"] == "CN=Test CA" and "x-plan" not in seen
        assert "x-client-cert" not in seen
    printed = subprocess.run(["openssl", "x509", "-in", robot[0], "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True)
    assert seen["x-print"] == printed.stdout.split("=")[1].strip().replace(":", "").lower()
    assert [line["consumer"] for line in program.access_log(2)] == ["robot-7", "robot-7"]


@pytest.mark.parametrize("kind, name", [("subject", "CN=robot-7,O=Example"), ("cn", "robot-7"), ("uri", "spiffe://example/robot/7"),
                                        ("dns", "robot-7.devices.example"), ("email", "robot7@example.com")])
def test_what_names_the_caller_is_configured(front, authority, robot, kind, name):
    program, origin = front(provider(consumer=kind) + route())
    assert curl(program, authority, certificate=robot)[0] == 200
    assert fields(origin)["x-consumer"] == name
    plain = authority.issue(f"plain-{kind}")
    assert curl(program, authority, certificate=plain)[0] == (401 if kind in ("uri", "email") else 200)


def test_with_consumers_only_they_come_in_with_groups_and_plan_and_a_reload_reads_them_again(front, authority, robot):
    routes = provider(consumers={"file": "consumers.toml"}) + route()
    program, origin = front(routes, log={"level": "debug"})
    stranger = authority.issue("stranger")
    assert curl(program, authority, certificate=robot)[0] == 200
    assert (fields(origin)["x-plan"], fields(origin)["x-groups"]) == ("gold", "robots,eu")
    status, body, _ = curl(program, authority, certificate=stranger)
    assert status == 401 and json.loads(body)["reason"] == "unauthenticated" and b"stranger" not in body
    wait_until(lambda: "no consumer has the name stranger" in program.stderr, what="the reason in the log")
    text = program.config.read_text()
    (program.folder / "consumers.toml").write_text(GOLD + section("[[consumer]]", name="stranger", plan="free"))
    program.reload(text)
    assert curl(program, authority, certificate=stranger)[0] == 200 and fields(origin)["x-plan"] == "free"
    (program.folder / "consumers.toml").write_text("[[consumer]]\nnam = 'x'\n[[consumer]]\nname = ''\n")
    done = run("gateway", "reload", "--admin", f"127.0.0.1:{program.admin_port}")
    assert done.returncode == 2
    for place in ("consumers.toml:2:1", "consumers.toml:4:8"):
        wait_until(lambda: place in program.stderr, what=f"the error at {place}")
    assert curl(program, authority, certificate=stranger)[0] == 200  # the old ones stay


def test_a_certificate_of_another_authority_is_nobodys_business(front, authority, robot, tmp_path):
    partners = Authority(tmp_path / "partners", "Partner CA")
    both = tmp_path / "both.pem"
    both.write_text(authority.file.read_text() + partners.file.read_text())
    routes = (provider(issuer=["CN=Test CA"]) + provider("partners", issuer=["CN=Partner CA"])
              + route() + route("partners", name="partners", match="/partners") + route("devices", "partners", name="any", match="/any"))
    program, origin = front(routes, client_ca=both)
    fake = partners.issue("robot", common_name="/O=Example/CN=robot-7")
    assert curl(program, authority, certificate=robot)[0] == 200
    assert curl(program, authority, certificate=fake)[0] == 401
    assert curl(program, authority, certificate=fake, path="/partners")[0] == 200
    assert curl(program, authority, certificate=robot, path="/partners")[0] == 401
    for certificate, provider_of in ((robot, "CN=Test CA"), (fake, "CN=Partner CA")):
        assert curl(program, authority, certificate=certificate, path="/any")[0] == 200
        assert fields(origin)["x-from"] == provider_of
    other = Authority(tmp_path / "other", "Test CA")  # the name of an authority is not its signature
    assert curl(program, authority, certificate=other.issue("robot-7"))[0] == 0


def test_where_a_certificate_is_optional_it_is_one_way_in_of_several(front, authority, robot):
    routes = (TOKENS + provider() + route("people", "devices") + route("devices", name="devices", match="/devices")
              + section("[[route]]", name="both", match="/both", to="service", auth=[["people", "devices"]], headers=TOLD)
              + route("devices", name="maybe", match="/maybe", optional=True)
              + section("[[route]]", name="open", match="/open", to="service", public=True))
    program, origin = front(routes, tls={"client_certificate": "optional"})
    token = ["-H", f"Authorization: Bearer {KEYS.token('ES256')}"]
    bad = ["-H", f"Authorization: Bearer {KEYS.token('ES256', aud='other')}"]
    for path, more, certificate, status, consumer in (
            ("/open", [], None, 200, None), ("/open", [], robot, 200, None),
            ("/devices", [], None, 401, None), ("/devices", [], robot, 200, "robot-7"),
            ("/x", [], robot, 200, "robot-7"), ("/x", token, None, 200, "ada"), ("/x", [], None, 401, None),
            ("/x", token, robot, 200, "ada"),  # what the request itself shows goes before
            ("/x", bad, robot, 401, None),     # and is never ignored
            ("/both", token, robot, 200, "ada"), ("/both", token, None, 401, None), ("/both", [], robot, 401, None),
            ("/both", bad, robot, 401, None),
            ("/maybe", [], None, 200, None), ("/maybe", [], robot, 200, "robot-7")):
        status_seen, _, said = curl(program, authority, *more, certificate=certificate, path=path)
        assert status_seen == status, (path, bool(more), bool(certificate), said)
        if status == 200:
            assert fields(origin).get("x-consumer") == consumer, path
    with connect(program.port(), client_context(authority)) as tls:
        tls.sendall(b"GET /devices HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b'WWW-Authenticate: Certificate realm="devices"\r\n' in tls.recv(65536)
    assert curl(program, authority, certificate=Authority(authority.folder / "evil", "Evil CA").issue("robot-7"), path="/open")[0] == 0


def test_a_resumed_session_keeps_its_caller_and_rules_apply(front, authority, robot):
    routes = provider() + route(allow='"spiffe://example/robot/7" in claim.uri and claim.issuer == "CN=Test CA"')
    program, origin = front(routes)
    context, session = client_context(authority, certificate=robot), None
    for _ in range(3):
        with connect(program.port(), context, session=session) as tls:
            tls.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
            assert tls.recv(65536).startswith(b"HTTP/1.1 200")
            assert tls.session_reused == (session is not None)
            session = tls.session
    assert program.metric("gateway_tls_handshakes_total", result="resumed") == 2
    assert fields(origin)["x-consumer"] == "robot-7"
    assert curl(program, authority, certificate=authority.issue("robot-9"))[0] == 403


def test_refused_certificates_are_charged_to_their_address(front, authority, robot):
    program, _ = front(provider(consumers={"file": "consumers.toml"}, auth_failures="2/min") + route())
    stranger = authority.issue("stranger")
    assert [curl(program, authority, certificate=stranger)[0] for _ in range(4)] == [401, 401, 429, 429]


def test_explain_says_what_a_certificate_would_get(tmp_path, authority, site):
    config = gateway_config(["127.0.0.1:1"], defaults={"public": False}, listener=shown(site, client_ca=str(authority.file)),
                            routes=provider(consumer="uri", issuer=["CN=Test CA"]) + route(allow="claim.cn == param.name", match="/{name}"))
    (tmp_path / "gateway.toml").write_text(config)
    def explain(claims, status):
        (tmp_path / "claims.json").write_text(json.dumps(claims))
        done = run("gateway", "explain", "-c", "gateway.toml", "GET", "/robot-7", "--claims", "claims.json", folder=tmp_path)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout
    good = {"cn": "robot-7", "issuer": "CN=Test CA", "uri": ["spiffe://example/robot/7"]}
    assert "devices: takes this certificate, verified" in explain(good, 0)
    assert "the certificate's issuer is CN=Other" in explain({**good, "issuer": "CN=Other"}, 1)
    assert "the certificate has no uri" in explain({**good, "uri": []}, 1)
    assert "`claim.cn == param.name` is false" in explain({**good, "cn": "robot-8"}, 1)
