"""Who may, by what is known of the request and its caller: `allow` and `scopes`, enforced or only reported, and what
`gateway explain --claims` says of them beforehand."""
import json

import pytest

from issuer import AUDIENCE, ISSUER, Keys, claims, public_pem
from origins import HttpOrigin
from raw import get, wait_until
from tandem import run, section

KEYS = Keys()
PEM = {"key.pem": public_pem(KEYS.private["ES256"])}
PEOPLE = section("[auth.people]", kind="jwt", issuer=ISSUER, audience=[AUDIENCE], public_key="key.pem", auth_failures="none")


def route(match, allow, **keys):
    return section("[[route]]", **{"name": keys.pop("name", "all"), "match": match, "to": "service", "auth": ["people"],
                                   "allow": allow, **keys})


@pytest.fixture
def front(gateway, keep):
    def make(routes, **more):
        service = HttpOrigin()
        keep(service.origin)
        program = gateway([service], defaults={"public": False}, routes=PEOPLE + routes, files=PEM, **more)
        return program, service
    return make


def ask(program, path, token=None, headers=""):
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    return get(program.port(), path, headers=bearer + headers)


def test_a_rule_lets_its_own_through_and_others_not(front):
    rule = 'param.id == claim.sub or "admin" in claim.roles'
    program, service = front(route("/users/{id}", rule) + route("/{rest...}", "true", name="rest"), log={"level": "debug"})
    for path, changes, expected in (("/users/ada", {}, 200), ("/users/bob", {}, 403), ("/users/Ada", {}, 403),
                                    ("/users/bob", {"roles": ["admin"]}, 200), ("/users/bob", {"roles": "admin"}, 403),
                                    ("/users/bob", {"roles": ["administrator"]}, 403), ("/users/x%7Cy", {"sub": "x|y"}, 200),
                                    ("/users/x%7Cy", {"sub": "x%7Cy"}, 403), ("/users/7", {"sub": None, "roles": []}, 403)):
        served = len(service.requests)
        answer = ask(program, path, KEYS.token("ES256", **changes))
        assert answer.status == expected, (path, changes)
        assert len(service.requests) - served == (expected == 200)
        if expected == 403:
            assert json.loads(answer.body)["reason"] == "forbidden"
            assert b"claim" not in answer.body and b"admin" not in answer.body and not answer.header("WWW-Authenticate")
    assert ask(program, "/users/ada").status == 401
    wait_until(lambda: "`param.id == claim.sub` is false" in program.stderr, what="the reason in the log")
    assert '`"admin" in claim.roles` is unknown (claim.roles is missing' in program.stderr


def test_address_method_header_and_consumer_decide_on_public_routes_where_they_can(front):
    program, _ = front(section("[[route]]", name="near", match="/near", to="service", public=True,
                               allow='ip in ["127.0.0.0/8"] and method in ["GET", "HEAD"]')
                       + section("[[route]]", name="far", match="/far", to="service", public=True, allow='not (ip in "127.0.0.0/8")')
                       + route("/tenant", 'header.X-Tenant == claim.tenant and consumer.name == "ada"', name="tenant"))
    assert ask(program, "/near").status == 200
    assert ask(program, "/far").status == 403 and not ask(program, "/far").header("WWW-Authenticate")
    token = KEYS.token("ES256", tenant="acme")
    assert ask(program, "/tenant", token, "X-Tenant: acme\r\n").status == 200
    for headers in ("", "X-Tenant: other\r\n", "X-Tenant: acme\r\nX-Tenant: acme\r\n", "X_Tenant: acme\r\n"):
        assert ask(program, "/tenant", token, headers).status == 403


def test_what_is_missing_is_never_let_through_by_its_opposite(front):
    program, _ = front(route("/a", 'not ("blocked" in claim.flags)', name="a")
                       + route("/b", 'claim.plan != "free"', name="b", optional=True))
    assert ask(program, "/a", KEYS.token("ES256", flags=["x"])).status == 200
    assert ask(program, "/a", KEYS.token("ES256", flags=["blocked"])).status == 403
    assert ask(program, "/a", KEYS.token("ES256")).status == 403
    assert ask(program, "/b", KEYS.token("ES256", plan="gold")).status == 200
    assert ask(program, "/b", KEYS.token("ES256")).status == 403
    assert ask(program, "/b").status == 401  # nobody: a credential could help


def test_what_is_only_reported_is_counted_and_passes(front):
    report = {"rule": "claim.admin", "mode": "report"}
    program, _ = front(route("/{rest...}", report, scopes={"all": ["root"], "mode": "report"}))
    assert ask(program, "/", KEYS.token("ES256", admin=True, scope="root")).status == 200
    assert program.metric("gateway_reported_total") == 0
    assert ask(program, "/", KEYS.token("ES256")).status == 200
    for policy in ("allow", "scopes"):
        assert program.metric("gateway_reported_total", route="all", policy=policy) == 1
    wait_until(lambda: "would have been refused" in program.stderr, what="the log")
    assert ask(program, "/").status == 401  # who calls is never only reported


def test_defaults_are_inherited_and_a_public_route_drops_them(gateway):
    service = HttpOrigin()
    routes = (section("[[route]]", name="in", match="/in", to="service") + section("[[route]]", name="own", match="/own", to="service", allow="true")
              + section("[[route]]", name="open", match="/open", to="service", public=True))
    program = gateway([service], defaults={"public": False, "auth": ["people"], "allow": "claim.admin"}, routes=PEOPLE + routes, files=PEM)
    token = KEYS.token("ES256")
    assert [ask(program, path, token).status for path in ("/in", "/own", "/open")] == [403, 200, 200]


def test_explain_says_what_a_caller_with_these_claims_would_get(tmp_path):
    (tmp_path / "key.pem").write_text(PEM["key.pem"])
    (tmp_path / "gateway.toml").write_text(
        section("[[listener]]", listen="127.0.0.1:8080") + section("[upstream.service]", servers=["127.0.0.1:1"]) + PEOPLE
        + route("/users/{id}", '(param.id == claim.sub or "admin" in claim.roles) and ip in "10.0.0.0/8"', scopes=["orders:read"]))

    def explain(made, *more, status):
        (tmp_path / "claims.json").write_text(made if isinstance(made, str) else json.dumps(made))
        done = run("gateway", "explain", "-c", "gateway.toml", "GET", "/users/ada", "--claims", "claims.json", *more, folder=tmp_path)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert "let through" in explain(claims(), "--from", "10.1.1.1", status=0)
    said = explain(claims(sub="bob"), status=1)
    assert "verdict   refused" in said and "403 Forbidden" in said and '`param.id == claim.sub` is false' in said
    assert '`"admin" in claim.roles` is unknown (claim.roles' in said and '`ip in "10.0.0.0/8"` is unknown (ip' in said
    assert "orders:read is missing" in explain(claims(scope="x"), "--from", "10.1.1.1", status=1)
    said = explain(claims(aud="other"), status=1)
    assert "401 Unauthorized" in said and 'people: refuses these claims: aud is "other"' in said
    found = json.loads(explain(claims(sub="bob"), "--json", "--from", "10.1.1.1", status=1))
    assert found["verdict"]["allowed"] is False and found["answer"]["status"] == 403 and found["targets"] == []
    assert found["verdict"]["steps"][-1]["what"] == "allow"
    for wrong in ("[]", "{", '{"a":1,"a":2}'):
        assert "claims.json" in explain(wrong, status=2)
    assert "is no address" in explain(claims(), "--from", "localhost", status=2)
