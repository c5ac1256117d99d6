"""Tokens at the door: every algorithm of an independent library passes, whatever is wrong with a token is refused, and
services see who calls, never with what."""
import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from issuer import ALGORITHMS, AUDIENCE, ISSUER, SECRET, SYMMETRIC, Keys, b64, claims, jwk, new_key, public_pem
from origins import HttpOrigin
from raw import ask, get, wait_until
from tandem import run, section

KEYS = Keys()
PROVIDER = {"kind": "jwt", "issuer": ISSUER, "audience": [AUDIENCE], "auth_failures": "none"}
IDENTITY = {"request": {"set": {"X-User": "claim:sub", "X-Plan": "claim:plan"}}}


def route(auth="people", **keys):
    return section("[[route]]", **{"name": "all", "match": "/{rest...}", "to": "service",
                                   "auth": [auth] if isinstance(auth, str) else auth, "headers": IDENTITY, **keys})


def provider(name="people", **keys):
    return section(f"[auth.{name}]", **{**PROVIDER, **keys})


def bearer(token):
    return f"Authorization: Bearer {token}\r\n"


@pytest.fixture
def front(gateway):
    """front(routes, files=…) -> (gateway, origin); the JWK set and a PEM lie beside the configuration."""
    def make(routes, **files):
        origin = HttpOrigin()
        program = gateway([origin], defaults={"public": False}, routes=routes,
                          files={"jwks.json": KEYS.jwks(), "key.pem": public_pem(KEYS.private["ES256"]), **files})
        return program, origin
    return make


def fields(origin):
    return {name.lower(): value for name, value in origin.requests[-1].headers}


def test_every_algorithm_of_an_independent_library_passes(front):
    program, origin = front(provider(jwks={"file": "jwks.json"}, algorithms=ALGORITHMS)
                            + provider("secret", secret=SECRET, algorithms=SYMMETRIC)
                            + route() + route("secret", name="hs", match="/hs"))
    for algorithm in ALGORITHMS:
        for _ in range(2):  # the second time it is remembered
            answer = get(program.port(), headers=bearer(KEYS.token(algorithm)))
            assert answer.status == 200, algorithm
            assert fields(origin)["x-user"] == "ada" and "authorization" not in fields(origin)
    for algorithm in SYMMETRIC:
        assert get(program.port(), "/hs", headers=bearer(KEYS.token(algorithm))).status == 200, algorithm
    assert program.access_log(1, route="hs")[0]["consumer"] == "ada"


def mutations(keys=KEYS):
    """(name, token): each is wrong in one way."""
    good = keys.token()
    head, body, signature = good.split(".")
    header = {"alg": "RS256", "kid": "RS256", "typ": "JWT"}

    def signed(changes=None, text=None, algorithm="RS256", **header_changes):
        made = {name: value for name, value in {**header, **header_changes}.items() if value is not None}
        return keys.sign(algorithm, made, text if text is not None else claims(**(changes or {})))

    def altered(part, at):
        return part[:at] + ("A" if part[at] != "A" else "B") + part[at + 1:]

    yield "signature altered", f"{head}.{body}.{altered(signature, 10)}"
    yield "signature cut", f"{head}.{body}.{signature[:-4]}"
    yield "signature longer", f"{head}.{body}.{signature}AAAA"
    yield "signature empty", f"{head}.{body}."
    yield "signature of another token", f"{head}.{body}.{keys.token(sub='eve').split('.')[2]}"
    yield "claims altered", f"{head}.{b64(claims(sub='eve'))}.{signature}"
    yield "header altered", f"{b64({**header, 'x': 1})}.{body}.{signature}"
    for alg in ("none", "None", "nOnE", "NONE", "", "HS256", "RS512", "PS256", "ES256", "EdDSA", "rs256", "RS256 ", None, 1):
        changed = {k: v for k, v in {**header, "alg": alg}.items() if v is not None}
        yield f"alg {alg!r}", f"{b64(changed)}.{body}.{signature}"
        yield f"alg {alg!r} without signature", f"{b64(changed)}.{body}."
    pem = public_pem(keys.private["RS256"]).encode()
    fake = f"{b64({**header, 'alg': 'HS256'})}.{body}"
    yield "the public key as a secret", f"{fake}.{b64(jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(fake.encode(), pem))}"
    yield "another kid", signed(kid="ES256")
    for kid in ("../../dev/null", "' OR 1=1 --", "RS256\0", "k" * 10_000, "", " RS256", "rs256", 7, ["RS256"]):
        yield f"kid {str(kid)[:20]!r}", signed(kid=kid)
    own = new_key("RS256")
    with_own = {**header, "jwk": jwk(own), "kid": None}
    yield "a key of its own", jwt.encode(claims(), own, "RS256", {"jwk": jwk(own)})
    yield "a key of another issuer", jwt.encode(claims(), own, "RS256", {"kid": "RS256"})
    for name, value in {"jwk": with_own["jwk"], "jku": "https://evil/keys", "x5u": "https://evil/x", "x5c": ["AA"],
                        "crit": ["exp"], "b64": False, "zip": "DEF", "enc": "A128GCM", "cty": "JWT"}.items():
        yield f"header {name}", signed(**{name: value})
    yield "crit empty", signed(crit=[])
    yield "expired", signed({"exp": int(time.time()) - 5})
    yield "expired long ago", signed({"exp": 1})
    yield "exp missing", signed({"exp": None})
    for wrong in ("9999999999", -1, 1e300, True, [9999999999], {}):
        yield f"exp {wrong!r}", signed({"exp": wrong})
    yield "exp beyond numbers", signed(text=json.dumps(claims()).replace(str(claims()["exp"]), "1e400"))
    yield "exp null", signed(text=json.dumps({**claims(), "exp": None}))
    yield "not yet valid", signed({"nbf": int(time.time()) + 60})
    yield "nbf text", signed({"nbf": "0"})
    yield "issued in the future", signed({"iat": int(time.time()) + 60})
    for wrong in (None, "https://id.example.com/", "https://ID.example.com", "https://evil.com", "", 1, [ISSUER]):
        yield f"iss {wrong!r}", signed({"iss": wrong})
    for wrong in (None, "api2", "ap", "API", [], ["other"], 7, {"api": 1}, ["api", 1], " api"):
        yield f"aud {wrong!r}", signed({"aud": wrong})
    yield "sub a number", signed({"sub": 7})
    text = json.dumps(claims())
    yield "claims twice", signed(text=text[:-1] + ', "sub": "eve"}')
    yield "claims twice, escaped", signed(text=text[:-1] + ', "s\\u0075b": "eve"}')
    yield "header twice", keys.sign("RS256", '{"alg":"RS256","alg":"RS256","kid":"RS256"}', text)
    yield "claims an array", signed(text="[]")
    yield "claims no JSON", signed(text="sub=ada")
    yield "claims with a byte order mark", signed(text=b"\xef\xbb\xbf" + text.encode())
    yield "claims with a tail", signed(text=text + "{}")
    yield "claims with NUL", signed(text=text + "\0")
    yield "claims not UTF-8", signed(text=text.encode()[:-1] + b', "x": "\xff"}')
    yield "half a surrogate pair", signed(text=text[:-1] + ', "x": "\\ud800"}')
    yield "deep", signed(text=text[:-1] + ', "x": ' + "[" * 2000 + "]" * 2000 + "}")
    yield "padding", good + "="
    yield "padding inside", f"{head}=.{body}.{signature}"
    yield "the other alphabet", f"{head}.{body}.{'+' + signature[1:]}"
    yield "spare bits", good[:-1] + chr(ord(good[-1]) + 1)
    yield "a space inside", f"{head}. {body}.{signature}"
    yield "a fourth part", good + "." + signature
    yield "five parts", "a.b.c.d.e"
    yield "two parts", f"{head}.{body}"
    yield "no parts", "x"
    yield "lower case", good.lower()
    yield "too long", signed({"x": "x" * 9000})
    raw = json.dumps({"payload": body, "protected": head, "signature": signature}).replace(" ", "")
    yield "JSON serialisation", raw


def test_every_mutation_is_refused_with_a_challenge_and_no_service_hears_of_it(front):
    program, origin = front(provider(jwks={"file": "jwks.json"}, algorithms=["RS256"]) + route(),
                            )
    assert get(program.port(), headers=bearer(KEYS.token())).status == 200
    count = 0
    for name, token in mutations():
        answer = get(program.port(), headers=bearer(token))
        assert answer.status == 401, f"{name}: {answer.status}"
        assert answer.header("WWW-Authenticate") == 'Bearer realm="people", error="invalid_token"', name
        assert json.loads(answer.body)["reason"] == "unauthenticated", name
        count += 1
    assert count >= 60 and len(origin.requests) == 1
    assert program.metric("gateway_refused_total", reason="unauthenticated") == count


def test_elliptic_signatures_have_one_form(front):
    program, _ = front(provider(jwks={"file": "jwks.json"}, algorithms=["ES256", "EdDSA"]) + route())
    for algorithm, size in (("ES256", 64), ("EdDSA", 64)):
        head, body, signature = KEYS.token(algorithm).split(".")
        raw = base64.urlsafe_b64decode(signature + "==")
        assert len(raw) == size
        order = (0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551).to_bytes(32, "big")
        for wrong in (bytes(size), b"\xff" * size, raw + b"\0", raw[:-1], b"\0" + raw, raw[32:] + raw[:32], order + raw[32:]):
            assert get(program.port(), headers=bearer(f"{head}.{body}.{b64(wrong)}")).status == 401
    head, body, signature = KEYS.token("ES256").split(".")
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    raw = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    assert get(program.port(), headers=bearer(f"{head}.{body}.{b64(der)}")).status == 401


def test_what_may_be_switched_off_can_be(front):
    lenient = provider("lenient", issuer=None, audience=None, require_exp=False, public_key="key.pem", leeway="1m")
    typed = provider("typed", public_key="key.pem", type="application/at+jwt")
    program, _ = front(lenient + typed + route("lenient") + route("typed", name="typed", match="/typed"))
    for changes in ({"exp": None, "iss": None, "aud": None}, {"exp": int(time.time()) - 30}, {"nbf": int(time.time()) + 30}):
        assert get(program.port(), headers=bearer(KEYS.token("ES256", **changes))).status == 200
    assert get(program.port(), headers=bearer(KEYS.token("ES256", exp=int(time.time()) - 61))).status == 401
    assert get(program.port(), "/typed", headers=bearer(KEYS.token("ES256"))).status == 401
    for typ in ("at+jwt", "AT+JWT", "application/at+jwt"):
        assert get(program.port(), "/typed", headers=bearer(KEYS.token("ES256", {"typ": typ}))).status == 200
    assert "without `issuer` and `audience`" in program.stderr


def test_a_remembered_token_ends_when_it_ends(front):
    program, _ = front(provider(public_key="key.pem") + route())
    token = KEYS.token("ES256", exp=time.time() + 1.5)
    assert get(program.port(), headers=bearer(token)).status == 200
    deadline = time.monotonic() + 20
    while get(program.port(), headers=bearer(token)).status == 200:
        assert time.monotonic() < deadline
    assert get(program.port(), headers=bearer(token)).status == 401


def test_who_shows_nothing_is_challenged_without_an_error(front):
    program, origin = front(provider(public_key="key.pem") + route())
    for headers in ("", "Authorization: Basic YTpi\r\n", "Authorization: Bearerx\r\n"):
        answer = get(program.port(), headers=headers)
        assert answer.status == 401 and answer.header("WWW-Authenticate") == 'Bearer realm="people"'
    for method in ("HEAD", "get", "OPTIONS", "POST"):
        assert ask(program.port(), f"{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status in (204, 401, 501)
    assert get(program.port(), headers="Authorization: Bearer \r\n").status == 401
    assert not origin.requests


def test_scopes_are_whole_words_and_all_of_them(front):
    scoped = route(scopes=["orders:read", "profile"])
    program, origin = front(provider(public_key="key.pem") + scoped)
    for scope in ("orders:read profile", "profile x orders:read"):
        assert get(program.port(), headers=bearer(KEYS.token("ES256", scope=scope))).status == 200
    assert get(program.port(), headers=bearer(KEYS.token("ES256", scope=None, scp=["orders:read", "profile"]))).status == 200
    seen = len(origin.requests)
    for scope in (None, "", "orders:read", "orders:reader profile", "orders:read,profile", "Orders:read profile", ["orders:read"]):
        answer = get(program.port(), headers=bearer(KEYS.token("ES256", scope=scope)))
        assert answer.status == 403 and answer.header("WWW-Authenticate") == 'Bearer error="insufficient_scope"'
        assert json.loads(answer.body)["reason"] == "forbidden" and b"profile" not in answer.body
    assert len(origin.requests) == seen


def test_identity_fields_of_a_client_never_get_through(front):
    program, origin = front(provider(public_key="key.pem") + route()
                            + section("[[route]]", name="open", match="/open", to="service", public=True))
    forged = "X-User: root\r\nx-user: root\r\nX_User: root\r\nX-Plan: gold\r\nX-Consumer: root\r\n"
    assert get(program.port(), headers=forged + bearer(KEYS.token("ES256"))).status == 200
    assert [v for n, v in origin.requests[-1].headers if n.lower() == "x-user"] == ["ada"]
    assert get(program.port(), "/open", headers=forged).status == 200
    for name, _ in origin.requests[-1].headers:
        assert name.lower().replace("_", "-") not in ("x-user", "x-plan", "x-consumer")
    assert get(program.port(), headers=bearer(KEYS.token("ES256", sub="a\r\nX-Admin: 1"))).status == 200
    assert "x-user" not in fields(origin) and "x-admin" not in fields(origin)


def test_the_service_gets_the_credential_only_where_that_is_asked_for(front):
    ask_for = (provider("kept", public_key="key.pem", forward_credentials=True)
               + provider("query", public_key="key.pem", **{"from": "query:token"})
               + provider("cookie", public_key="key.pem", **{"from": "cookie:session"}))
    program, origin = front(ask_for + route("kept") + route("query", name="q", match="/q")
                            + route("cookie", name="c", match="/c"))
    token = KEYS.token("ES256")
    assert get(program.port(), headers=bearer(token)).status == 200
    assert fields(origin)["authorization"] == f"Bearer {token}"
    assert get(program.port(), f"/q?a=1&token={token}&b=2").status == 200
    assert origin.requests[-1].target == "/q?a=1&b=2"
    assert get(program.port(), f"/q?token={token}").status == 200 and origin.requests[-1].target == "/q"
    for again in (token, "x"):  # in any spelling that a service would read as the same name
        assert get(program.port(), f"/q?token={token}&token={again}").status == 400
        assert get(program.port(), f"/q?token={token}&%74oken={again}").status == 400
    assert get(program.port(), f"/q?b=%2B+&t%6fken={token}").status == 200 and origin.requests[-1].target == "/q?b=%2B+"
    assert get(program.port(), "/c", headers=f"Cookie: a=1; session={token}; b=2\r\n").status == 200
    assert fields(origin)["cookie"] == "a=1; b=2"
    assert get(program.port(), "/c", headers=f"Cookie: session={token}\r\nCookie: session=x\r\n").status == 400


def test_any_all_and_optional(front):
    other = Keys()
    both = (provider("people", public_key="key.pem")
            + provider("others", public_key="other.pem", issuer="https://other")
            + provider("device", public_key="key.pem", **{"from": "header:X-Device"}))
    routes = (route(["people", "others"]) + route([["people", "device"]], name="all-of", match="/all")
              + route(name="optional", match="/optional", optional=True))
    program, origin = front(both + routes, **{"other.pem": public_pem(other.private["ES256"])})
    mine, theirs = KEYS.token("ES256"), other.token("ES256", iss="https://other", sub="bob")
    assert get(program.port(), headers=bearer(mine)).status == 200
    assert get(program.port(), headers=bearer(theirs)).status == 200 and fields(origin)["x-user"] == "bob"
    device = f"X-Device: {KEYS.token('ES256', sub='phone', plan='gold')}\r\n"
    for headers in ("", bearer(mine), device, bearer(theirs) + device):
        assert get(program.port(), "/all", headers=headers).status == 401
    assert get(program.port(), "/all", headers=bearer(mine) + device).status == 200
    assert fields(origin)["x-user"] == "ada" and fields(origin)["x-plan"] == "gold" and "x-device" not in fields(origin)
    assert get(program.port(), "/optional").status == 200 and "x-user" not in fields(origin)
    assert get(program.port(), "/optional", headers=bearer(mine)).status == 200
    assert get(program.port(), "/optional", headers=bearer(theirs)).status == 401
    for foreign in ("Authorization: Basic YTpi\r\n", f"Authorization: Bearer\t{mine}\r\n"):
        assert get(program.port(), "/optional", headers=foreign).status == 401


def test_refused_credentials_are_charged_to_the_address_missing_ones_are_not(front):
    program, _ = front(provider(public_key="key.pem", auth_failures="3/min") + route())
    good = KEYS.token("ES256")
    assert get(program.port(), headers=bearer(good)).status == 200
    for _ in range(10):
        assert get(program.port()).status == 401
    statuses = [get(program.port(), headers=bearer("x")).status for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    answer = get(program.port(), headers=bearer("y"))
    assert answer.status == 429 and 1 <= int(answer.header("Retry-After")) <= 60
    assert get(program.port(), headers=bearer(good)).status == 200  # what is known needs no guessing


def test_keys_that_are_too_weak_or_for_something_else_are_refused_at_load(tmp_path):
    weak, strong = rsa.generate_private_key(65537, 1024), KEYS.private["RS256"]

    def check(files, **keys):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        config = tmp_path / "gateway.toml"
        config.write_text(section("[[listener]]", listen="127.0.0.1:0") + section("[upstream.service]", servers=["127.0.0.1:1"])
                          + provider(**keys) + route())
        return run("gateway", "check", "-c", str(config))

    def keys(*jwks):
        return {"k.json": json.dumps({"keys": list(jwks)})}

    from_file = {"jwks": {"file": "k.json"}}
    assert check(keys(jwk(strong)), **from_file).returncode == 0
    for jwks, why in ((keys(jwk(weak)), "1024 bits is too weak"), (keys(jwk(strong, use="enc")), "use"),
                      (keys(jwk(strong, key_ops=["sign"])), "key_ops"), (keys(jwk(strong, alg="RSA-OAEP")), "alg"),
                      (keys(jwk(strong, alg="ES256")), "ES256"), (keys(), "no key"), ({"k.json": "<html>"}, "JSON"),
                      ({"k.json": "{}"}, "keys"), ({"k.json": "x" * 300_000}, "larger")):
        done = check(jwks, **from_file)
        assert done.returncode == 2 and why in done.stderr, done.stderr
    done = check(keys(jwk(strong), jwk(weak, kid="old")), **from_file)
    assert done.returncode == 0 and 'left out: key "old"' in done.stderr
    done = check({}, secret="short", algorithms=["HS256"])
    assert done.returncode == 2 and "at least 32 bytes" in done.stderr and "short" not in done.stderr.replace("shorter", "")
    assert check({"p.pem": public_pem(weak)}, public_key="p.pem").returncode == 2
    private = strong.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for given in ("p.pem", {"file": "p.pem"}, private):
        done = check({"p.pem": private}, public_key=given)
        assert done.returncode == 2 and "it holds a private key" in done.stderr
        assert "BEGIN" not in done.stderr.replace("-----BEGIN PUBLIC KEY-----", "") and private[100:140] not in done.stderr
    assert check({"p.pem": public_pem(strong)}, public_key="p.pem", algorithms=["ES256"]).returncode == 2


def test_a_mirror_gets_no_token_wherever_it_stands_unless_asked(gateway):
    service, copies = HttpOrigin(), HttpOrigin()
    routes = (section("[upstream.copies]", servers=[copies.address]) + section("[upstream.copies.health]", check="off")
              + provider(public_key="key.pem", forward_credentials=True, **{"from": "query:token"})
              + provider("device", public_key="key.pem", forward_credentials=True, **{"from": "header:X-Device"})
              + route([["people", "device"]], mirror="copies")
              + route([["people", "device"]], name="asked", match="/asked", mirror={"to": "copies", "credentials": True}))
    program = gateway([service], defaults={"public": False}, routes=routes,
                      files={"key.pem": public_pem(KEYS.private["ES256"])})
    token = KEYS.token("ES256")
    for path, expected in (("/x", "/x?a=1"), ("/asked", f"/asked?a=1&token={token}")):
        made = len(copies.requests)
        assert get(program.port(), f"{path}?a=1&token={token}", headers=f"X-Device: {token}\r\n").status == 200
        assert service.requests[-1].target == f"{path}?a=1&token={token}"
        wait_until(lambda: len(copies.requests) > made, what="the copy")
        assert copies.requests[-1].target == expected
        assert ("x-device" in fields(copies)) == (path == "/asked")


def test_an_rsa_key_with_an_exponent_that_anybody_could_sign_for_is_no_key(front, tmp_path):
    number = KEYS.private["RS256"].public_key().public_numbers().n
    for exponent in (b"\1", b"\0\1", b"\2"):
        key = {"kty": "RSA", "n": b64(number.to_bytes(256, "big")), "e": b64(exponent)}
        (tmp_path / "jwks.json").write_text(json.dumps({"keys": [key]}))
        (tmp_path / "gateway.toml").write_text(
            section("[[listener]]", listen="127.0.0.1:0") + section("[upstream.service]", servers=["127.0.0.1:1"])
            + provider(jwks={"file": "jwks.json"}) + route())
        done = run("gateway", "check", "-c", tmp_path / "gateway.toml", folder=tmp_path)
        assert done.returncode == 2 and "RSA key" in done.stderr, done.stderr
