"""curl -> gateway -> a real nginx: uploads, downloads, ranges, HEAD, old HTTP, conditional requests."""
import hashlib
import json
import subprocess

import pytest

from tandem import DEADLINE


@pytest.fixture
def curl(gateway, nginx, tmp_path):
    port = gateway([nginx], defaults={"max_body": "none"}).port()

    def curl(*arguments, path="", data=None):
        command = ["curl", "-sS", "--max-time", str(DEADLINE), *arguments, f"http://127.0.0.1:{port}{path}"]
        ended = subprocess.run(command, capture_output=True, input=data, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    curl.url = f"http://127.0.0.1:{port}"
    return curl


@pytest.fixture
def file(nginx, tmp_path):
    content = hashlib.shake_256(b"file").digest(3_000_001)
    (nginx.www / "file").write_bytes(content)
    (tmp_path / "local").write_bytes(content)
    return content


def test_a_download_is_the_file(curl, file):
    assert curl(path="/file") == file
    assert curl("--http1.0", path="/file") == file


def test_ranges(curl, file):
    assert curl("-r", "100-199", path="/file") == file[100:200]
    assert curl("-r", "-5", path="/file") == file[-5:]
    assert b"416" in curl("-r", "9000000-", "-o", "/dev/null", "-w", "%{http_code}", path="/file")


def test_head_and_conditional_requests(curl, file):
    head = curl("-I", path="/file").decode()
    assert head.startswith("HTTP/1.1 200") and f"Content-Length: {len(file)}" in head
    etag = next(line.split(": ", 1)[1].strip() for line in head.splitlines() if line.lower().startswith("etag:"))
    assert curl("-H", f"If-None-Match: {etag}", "-w", "%{http_code}", path="/file") == b"304"


@pytest.mark.parametrize("how", [["-T", "local"], ["-X", "PUT", "--data-binary", "@local"], ["-T", "-"],
                                 ["-H", "Transfer-Encoding: chunked", "-T", "local"], ["--http1.0", "-T", "local"]],
                         ids=["upload", "data", "stdin", "chunked", "http1.0"])
def test_an_upload_arrives_whole(curl, nginx, file, how):
    told = curl(*how, "-w", "%{http_code}", path="/put/it", data=file if "-" in how else None)
    assert told[-3:] in (b"201", b"204")
    assert (nginx.www / "put/it").read_bytes() == file


def test_one_connection_serves_many_urls(curl, nginx):
    for n in range(20):
        (nginx.www / f"n{n}").write_text(f"{n}\n")
    told = curl("-w", "%{num_connects} ", *(f"{curl.url}/n{n}" for n in range(19)), path="/n19")
    words = told.decode().split()
    assert words[0::2] == [str(n) for n in range(20)] and sum(map(int, words[1::2])) == 1


def test_errors_of_nginx_pass_as_they_are(curl):
    page = curl("-w", "%{http_code}", path="/gone").decode()
    assert "nginx" in page and page.endswith("404")


def test_nginx_sees_the_client_and_the_path(curl):
    head, body = curl("-i", path="/headers?a=b").decode().split("\r\n\r\n")
    assert body == "GET /headers?a=b HTTP/1.1\n" and "Seen-For: 127.0.0.1" in head


def test_the_shops_services_answer_through_it(gateway, service, tmp_path):
    port = gateway([f"127.0.0.1:{service('users', 'users-1')}"]).port()
    url = f"http://127.0.0.1:{port}"
    told = subprocess.run(["curl", "-sS", "-i", f"{url}/users/7"], capture_output=True, text=True).stdout
    assert "Service: users-1" in told and '"name": "User 7"' in told and "Via: 1.1 front" in told
    (tmp_path / "small").write_bytes(b"content")
    told = subprocess.run(["curl", "-sS", "-T", tmp_path / "small", f"{url}/upload"], capture_output=True, text=True).stdout
    assert json.loads(told) == {"bytes": 7, "sha256": hashlib.sha256(b"content").hexdigest()}
