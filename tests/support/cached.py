"""A gateway with a cache before a service whose answers a test scripts by path, and what to ask of the two."""
import itertools
from email.utils import formatdate
import time

import tandem
from origins import HttpOrigin, response
from raw import Client

NUMBERS = itertools.count(1)
STALE = "Age: 100000\r\n"  # out of date from the beginning, so that nothing has to be waited for


def date(offset=0):
    """An HTTP date, `offset` seconds from now."""
    return formatdate(time.time() + offset, usegmt=True)


def result(answer):
    """The last member of Cache-Status as (name, {parameter: value})."""
    member = answer.all("Cache-Status")[-1].split(",")[-1].strip()
    name, *parameters = member.split(";")
    return name, {key.strip(): value for key, _, value in (one.partition("=") for one in parameters)}


def is_hit(answer):
    return "hit" in result(answer)[1]


class Resource:
    """One path of the service. `answers`: raw bytes, or functions of the request; the last one stays."""

    def __init__(self, shop, path, answers):
        self.shop, self.path, self.answers, self.requests = shop, path, list(answers), []

    def reply(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request) if callable(answer) else answer

    def get(self, headers="", method="GET", query="", body=b""):
        return self.shop.ask(f"{self.path}{query}", headers, method, body)

    @property
    def count(self):
        return len(self.requests)


class Cached:
    """`program`: with a cache; `resource(answer, …)` gives a path of its own."""

    def __init__(self, folder, config="", routes=None, cache=None, **more):
        self.resources = {}
        self.service = HttpOrigin(self._answer)
        routes = routes or tandem.section("[[route]]", name="all", match="/{rest...}", to="service", cache="shared")
        text = tandem.gateway_config([self.service.address], **more, routes=tandem.section("[cache.shared]", **(cache or {})) + config + routes)
        self.program = tandem.Program("gateway", text, folder)
        self.port = self.program.port()

    def _answer(self, request):
        found = self.resources.get(request.target.split("?")[0])
        return found.reply(request) if found else response(b"no such resource", status=404, reason="Not Found")

    def resource(self, *answers, path=None):
        made = Resource(self, path or f"/r/{next(NUMBERS)}", answers)
        self.resources[made.path] = made
        return made

    def ask(self, target, headers="", method="GET", body=b"", host="test"):
        if body:
            headers += f"Content-Length: {len(body)}\r\n"
        with Client(self.port) as client:
            client.send(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n".encode() + body)
            return client.answer(method)

    def close(self):
        self.program.stop()
        self.service.origin.close()


def says(control="", body=b"hello", status=200, headers="", reason="OK"):
    """An answer with this Cache-Control."""
    if control:
        headers += f"Cache-Control: {control}\r\n"
    return response(body, status=status, headers=headers, reason=reason)


def validating(tag, body=b"hello", control="max-age=10", stale=True, headers=""):
    """A service that knows the ETag: 304 for who has it. `stale`: what it says is out of date as it comes."""
    more = f'ETag: {tag}\r\nCache-Control: {control}\r\n' + ("Age: 100000\r\n" if stale else "") + headers

    def answer(request):
        if tag in request.all("If-None-Match"):
            return f"HTTP/1.1 304 Not Modified\r\n{more}\r\n".encode()
        return response(body, headers=more)
    return answer


def stored(resource, headers="", second=None):
    """Whether the answer to a first request serves a second one."""
    first = resource.get(headers)
    assert not is_hit(first)
    answer = resource.get(headers if second is None else second)
    assert answer.body == first.body or resource.count > 1
    return is_hit(answer)
