"""Aggregates as files: what the configuration says, what the services answer, and the bytes that come of it. With
TANDEM_GOLDEN=update the answers are written anew."""
import os
import re

import pytest

from origins import HttpOrigin, response
from raw import Client
from tandem import ROOT

FOLDER = ROOT / "tests/golden/aggregate"
SHOWN = ("content-type", "cache-control", "vary", "gateway-parts", "retry-after", "www-authenticate")


class Case:
    """A file of sections: `config`, then `METHOD TARGET [STATUS [FIELD | …]]` or `POST TARGET BODY` for what a service
    says (with `echo`: of what else it is asked, that), then `ask METHOD TARGET` for what a client is told."""

    def __init__(self, path):
        self.path = path
        self.head, *sections = re.split(r"^=== ", path.read_text(), flags=re.M)
        self.config, self.services, self.questions, self.echo = "", {}, [], False
        self.sections = [tuple(section.split("\n", 1)) for section in sections]
        for title, text in self.sections:
            if title == "config":
                self.config = text
            elif title == "echo":
                self.echo = True
            elif title.startswith("ask "):
                self.questions.append((title.removeprefix("ask "), text))
            else:
                self._service(title, text)

    def _service(self, title, text):
        method, target, *more = title.split(" ", 2)
        more = more[0] if more else ""
        if method == "POST":
            self.services[method, target, more] = response(text.encode(), headers="Content-Type: application/json\r\n")
            return
        status, _, fields = more.partition(" ")
        headers = "".join(f"{field.strip()}\r\n" for field in fields.split(" | ") if field)
        if "Content-Type" not in headers:
            headers += "Content-Type: application/json\r\n"
        if status == "204":
            self.services[method, target, ""] = b"HTTP/1.1 204 No Content\r\n\r\n"
        else:
            self.services[method, target, ""] = response(text.encode(), status=int(status or 200), headers=headers)

    def answer(self, request):
        unknown = f'{{"asked": "{request.method} {request.target}", "body": {request.body.decode() or "null"}}}'
        return self.services.get((request.method, request.target, request.body.decode()),
                                 response(unknown.encode(), headers="Content-Type: application/json\r\n",
                                          status=200 if self.echo else 404))

    def rewrite(self, told):
        told = iter(told)
        text = self.head + "".join(f"=== {title}\n{next(told) if title.startswith('ask ') else text}"
                                   for title, text in self.sections)
        self.path.write_text(text)


def shown(answer):
    """Status, the fields that count and the body, without what is another one every time."""
    lines = [f"HTTP/1.1 {answer.status}"]
    lines += [f"{name}: {re.sub(r'ms=[0-9]+', 'ms=_', value)}" for name, value in answer.headers if name.lower() in SHOWN]
    body = re.sub(rb'"instance":"[^"]*"', b'"instance":"_"', answer.body).decode()
    return "\n".join(lines) + "\n\n" + body + ("" if body.endswith("\n") else "\n")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_an_aggregate_gives_these_bytes(path, gateway, keep):
    case = Case(path)
    service = HttpOrigin(case.answer)
    keep(service.origin)
    program = gateway([service], routes=case.config)
    told = []
    for question, expected in case.questions:
        answers = set()
        for _ in range(3):  # the same every time
            with Client(program.port()) as client:
                answers.add(shown(client.send(f"{question} HTTP/1.1\r\nHost: x\r\n\r\n").answer()))
        assert len(answers) == 1, answers
        told.append(answers.pop())
        if os.environ.get("TANDEM_GOLDEN") != "update":
            assert told[-1] == expected, question
    if os.environ.get("TANDEM_GOLDEN") == "update":
        case.rewrite(told)
