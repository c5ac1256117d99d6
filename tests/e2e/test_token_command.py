"""`gateway token` says of a token what the gateway would only log: which key made it, what it says, and why it is refused."""
import subprocess

import pytest

from issuer import ALGORITHMS, AUDIENCE, ISSUER, SECRET, Issuer, Keys, jwk, new_key
from tandem import BIN, section
from test_jwt import mutations

KEYS = Keys()
PROVIDER = {"kind": "jwt", "issuer": ISSUER, "audience": [AUDIENCE]}


@pytest.fixture
def ask(tmp_path):
    (tmp_path / "jwks.json").write_text(KEYS.jwks())

    def ask(token, provider="people", *more, stdin=False, status=0, **keys):
        keys = keys or {"jwks": {"file": "jwks.json"}, "algorithms": ALGORITHMS}
        (tmp_path / "gateway.toml").write_text(
            section("[[listener]]", listen="127.0.0.1:0") + section("[upstream.service]", servers=["127.0.0.1:1"])
            + section("[auth.people]", **{**PROVIDER, **keys}) + section("[[route]]", match="/", to="service", auth=["people"]))
        done = subprocess.run([BIN / "gateway", "token", "-c", "gateway.toml", provider, *([] if stdin else [token]), *more],
                              cwd=tmp_path, capture_output=True, text=True, timeout=20, input=f"  {token}\r\n" if stdin else "")
        assert done.returncode == status, done.stdout + done.stderr
        assert "BEGIN" not in done.stdout and SECRET not in done.stdout
        return done.stdout + done.stderr
    return ask


def test_it_says_who_signed_what_and_until_when(ask):
    for algorithm in ALGORITHMS:
        said = ask(KEYS.token(algorithm))
        assert f'kid "{algorithm}"' in said and 'sub = "ada"' in said and "verdict   accepted, until 20" in said
    token = KEYS.token()
    assert ask(token, stdin=True) == ask(token)
    assert "for ever" in ask(KEYS.token(exp=None), jwks={"file": "jwks.json"}, require_exp=False)


def test_it_says_exactly_why_a_token_is_refused(ask):
    head, body, signature = KEYS.token().split(".")
    other = KEYS.token(key=new_key("RS256"))
    for token, why in ((f"{head}.{body}", "three parts"), (f"{head}.{body}.{signature}=", "signature is not base64url"),
                       (other, "the signature is wrong"), (KEYS.token(headers={"kid": "x"}), 'no key has the kid "x"'),
                       (KEYS.token(headers={"jku": "https://evil"}), "(jku)"), (KEYS.token(exp=1), "it has expired (exp 1970-01-01T00:00:01.000Z)"),
                       (KEYS.token(aud="api2"), 'aud is "api2", not "api"'), (KEYS.token(iss="https://x"), f'iss is "https://x", not "{ISSUER}"'),
                       (KEYS.token(nbf=9_000_000_000), "not valid yet"), (KEYS.token(exp=None), "exp is missing"),
                       ("x" * 9000, "too long"), (KEYS.sign("RS256", {"alg": "RS256"}, '{"a":1,"a":2}'), "twice")):
        said = ask(token, status=1)
        assert "verdict   refused: " in said and why in said, said
    assert "known key" in ask(other, status=1)
    assert "RS256" in ask(KEYS.token("RS256"), status=1, jwks={"file": "jwks.json"}, algorithms=["ES256"])


def test_it_says_of_every_token_that_the_door_refuses_which_of_its_faults_it_is(ask):
    """`why` is what the names of the mutations begin with; the first that fits counts."""
    why = {"alg None": "names no algorithm", "alg 1": "names no algorithm", "alg": ("is not accepted", "signature is missing"),
           "signature cut": "not base64url", "signature empty": "is missing", "signature": "the signature is wrong",
           "claims altered": "the signature is wrong", "header altered": "the signature is wrong",
           "header twice": "stands in it twice", "header enc": "encrypted", "header cty": "another token", "header": "its header",
           "the public key as a secret": '"HS256" is not accepted', "another kid": 'with the kid "ES256" is not one for RS256',
           "kid 'kkk": "too long", "kid": ("no key has the kid", "kid is no string"), "a key of its own": "(jwk)",
           "a key of another issuer": "the signature is wrong", "crit": "(crit)", "expired": "has expired (exp ",
           "exp missing": "exp is missing", "exp beyond": "a number in it", "exp": "exp is no time", "not yet": "(nbf ", "nbf": "nbf is no time",
           "issued": "(iat ", "iss": "iss is ", "aud": "aud is ", "sub": "sub is no string", "claims twice": "stands in it twice",
           "claims an array": "no JSON object", "claims with a tail": "behind its end", "claims": "not JSON", "half": "a string in it",
           "deep": "nested too deeply", "padding": "base64url", "the other alphabet": "base64url", "spare bits": "base64url",
           "a space": "base64url", "lower case": "not JSON", "too long": "too long"}
    parts = ("a fourth part", "five parts", "two parts", "no parts", "JSON serialisation")
    for name, token in mutations(KEYS):
        wanted = "three parts" if name in parts else next(text for start, text in why.items() if name.startswith(start))
        said = ask(token, stdin=True, status=1, jwks={"file": "jwks.json"}, algorithms=["RS256"])
        verdict = said.splitlines()[-1]
        assert any(text in verdict for text in ([wanted] if isinstance(wanted, str) else wanted)), f"{name}: {said}"


def test_signature_only_stops_there(ask):
    said = ask(KEYS.token(exp=1, aud=None), "people", "--signature-only")
    assert "accepted: the signature is right" in said
    assert "refused" in ask(KEYS.token(key=new_key("RS256")), "people", "--signature-only", status=1)


def test_a_terminal_is_told_nothing_that_it_would_obey(ask):
    said = ask(KEYS.token(sub="a\x1b[2J\x9b\n"))
    assert "\x1b" not in said and "\x9b" not in said


def test_keys_that_are_published_are_fetched(ask, keep):
    issuer = Issuer()
    keep(issuer.origin)
    for keys in ({}, {"jwks": {"url": f"{issuer.url}/jwks.json"}}):
        assert issuer.kid in ask(issuer.token(), issuer=issuer.issuer, **keys)
    issuer.fault = "html"
    assert "there are no keys" in ask(issuer.token(), status=1, issuer=issuer.issuer)


def test_a_question_that_makes_no_sense_is_a_wrong_use(ask):
    assert 'did you mean "people"?' in ask("x", "poeple", status=2)
    asked = {"kind": "introspection", "endpoint": "service /introspect", "issuer": None, "audience": None}
    assert 'not of the kind "jwt"' in ask("x", status=2, **asked)
