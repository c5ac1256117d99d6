"""The shop's services alone: what the end-to-end tests and the demo rely on."""
import hashlib
import http.client
import json
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

SERVICES = Path(__file__).resolve().parents[1] / "services"
sys.path.insert(0, str(SERVICES))
from service import content  # noqa: E402


@pytest.fixture(params=["users", "orders", "catalog"], scope="module")
def connection(request):
    command = ["/usr/bin/python3", SERVICES / f"{request.param}.py", "--port", "0", "--name", f"{request.param}-1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        connection = http.client.HTTPConnection("127.0.0.1", int(process.stdout.readline().rsplit(":", 1)[1]), timeout=20)
        connection.service = request.param
        yield connection
        connection.close()
        process.terminate()


def ask(connection, method, target, body=None, headers={}):
    connection.request(method, target, body, headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_a_service_answers_its_own_path_on_one_connection(connection):
    path = {"users": "/users/7", "orders": "/v1/orders?user=7", "catalog": "/products/books/dune"}[connection.service]
    for _ in range(3):
        answer, body = ask(connection, "GET", path)
        assert answer.status == 200 and answer.headers["Service"] == f"{connection.service}-1"
        assert "7" in json.loads(body).values() or json.loads(body)["product"] == "books/dune"
    assert ask(connection, "POST", "/nothing", b"a body")[0].status == 404
    assert ask(connection, "GET", "/healthz")[0].status == 200


@pytest.mark.parametrize("size", [0, 1, 65536, 300_001])
def test_uploads_are_hashed_with_a_length_and_chunked(connection, size):
    sent = b"".join(content(size))
    assert len(sent) == size
    expected = {"bytes": size, "sha256": hashlib.sha256(sent).hexdigest()}
    for body in (sent, iter([sent[:10], sent[10:]] if size > 10 else [sent] if sent else [])):
        answer, told = ask(connection, "PUT", "/upload", body)
        assert json.loads(told) == expected


def test_downloads_are_the_same_bytes_every_time(connection):
    answer, body = ask(connection, "GET", "/download?bytes=200000")
    assert body == b"".join(content(200_000))
    answer, body = ask(connection, "HEAD", "/download?bytes=200000")
    assert answer.headers["Content-Length"] == "200000" and body == b""


def test_echo_tells_the_request_as_it_came(connection):
    answer, body = ask(connection, "PATCH", "/echo/x?y=1", b"abc", {"X-Test": "1"})
    told = json.loads(body)
    assert told["method"] == "PATCH" and told["target"] == "/echo/x?y=1" and ["X-Test", "1"] in told["headers"]
    assert told["bytes"] == 3


@pytest.fixture(scope="module")
def issuer():
    command = ["/usr/bin/python3", SERVICES / "issuer.py", "--port", "0", "--name", "issuer"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.url = f"http://127.0.0.1:{port}"
        yield connection
        connection.close()
        process.terminate()


def test_the_issuers_tokens_are_good_by_what_it_publishes_and_after_it_rotates_too(issuer):
    described = json.loads(ask(issuer, "GET", "/.well-known/openid-configuration")[1])
    assert described["issuer"] == issuer.url and described["jwks_uri"] == f"{issuer.url}/jwks.json"

    def claims(token):
        published = jwt.PyJWKSet.from_dict(json.loads(ask(issuer, "GET", "/jwks.json")[1]))
        kid = jwt.get_unverified_header(token)["kid"]
        return jwt.decode(token, published[kid].key, ["RS256", "ES256"], audience="shop", issuer=issuer.url)

    tokens = [ask(issuer, "GET", f"/token?sub=9&plan=gold&roles=a,b&alg={algorithm}")[1].decode().strip() for algorithm in ("RS256", "ES256")]
    for token in tokens:
        assert (claims(token)["sub"], claims(token)["plan"], claims(token)["roles"]) == ("9", "gold", ["a", "b"])
    kids = json.loads(ask(issuer, "POST", "/rotate")[1])["kids"]
    assert len(kids) == 4 and [claims(token)["sub"] for token in tokens] == ["9", "9"]
    assert claims(ask(issuer, "GET", "/token")[1].decode().strip())["sub"] == "7"
    for token, active in ((tokens[0], True), (tokens[0][:-2], False), ("", False)):
        assert json.loads(ask(issuer, "POST", "/introspect", f"token={token}")[1])["active"] == active
    ask(issuer, "POST", "/rotate")
    with pytest.raises(KeyError):
        claims(tokens[0])
    assert ask(issuer, "GET", "/token?alg=none")[0].status == 400
