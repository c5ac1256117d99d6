"""`format = "combined"`: the lines that web servers write, one for each request."""
import re

from origins import HttpOrigin, response
from raw import Client, ask, get, wait_until

LINE = re.compile(r'(\S+) - (\S+) \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d) \+0000\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"')


def test_a_line_for_each_request(gateway):
    program = gateway([HttpOrigin(lambda request: response(b"12345"))], log={"format": "combined"})
    get(program.port(), "/a%20b?secret=1", headers="User-Agent: curl/8 \"x\"\r\nReferer: https://a.example/p?secret=2\r\n")
    ask(program.port(), "HEAD / HTTP/1.0\r\nHost: x\r\n\r\n", to="HEAD")
    get(program.port(), "/../above")
    with Client(program.port()) as client:
        client.send("GET nothing\r\n\r\n").read_all()
    path = program.folder / "access.log"
    wait_until(lambda: path.exists() and path.read_text().count("\n") == 4, what="four lines")
    found = [LINE.fullmatch(line).groups() for line in path.read_text().splitlines()]
    assert [(f[0], f[1], *f[3:]) for f in found] == [
        ("127.0.0.1", "-", "GET /a%20b HTTP/1.1", "200", "5", "https://a.example/p", r"curl/8 \x22x\x22"),
        ("127.0.0.1", "-", "HEAD / HTTP/1.0", "200", "0", "-", "-"),
        ("127.0.0.1", "-", "GET /../above HTTP/1.1", "400", found[2][5], "-", "-"),
        ("127.0.0.1", "-", "-", found[3][4], found[3][5], "-", "-")]
    assert "secret" not in path.read_text()
