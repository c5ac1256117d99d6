"""The shop's services alone: what the end-to-end tests and the demo rely on."""
import hashlib
import http.client
import json
import subprocess
import sys
from pathlib import Path

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
