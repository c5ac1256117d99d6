"""A collector of traces for tests: takes OTLP over HTTP with JSON and checks each request strictly against
opentelemetry-proto's JSON mapping; what breaks it is kept in `wrong`."""
import json
import re
import ssl
import time

from origins import HttpOrigin, response
from raw import wait_until

HEX = re.compile(r"[0-9a-f]+")
KINDS = {1: "internal", 2: "server", 3: "client"}


def need(truth, what):
    if not truth:
        raise ValueError(what)


def members(value, required, optional=()):
    need(isinstance(value, dict), f"no object: {value!r}")
    missing, unknown = set(required) - set(value), set(value) - set(required) - set(optional)
    need(not missing and not unknown, f"missing {missing}, unknown {unknown} in {value!r}")
    return value


def nanoseconds(text):
    need(isinstance(text, str) and re.fullmatch(r"[1-9]\d{18}", text), f"no fixed64 of now: {text!r}")
    need(abs(int(text) / 1e9 - time.time()) < 3600, f"not of now: {text}")
    return int(text)


def attributes(items):
    found = {}
    for item in items:
        members(item, ["key", "value"])
        need(isinstance(item["key"], str) and item["key"] and item["key"] not in found, f"key {item['key']!r}")
        [(kind, value)] = item["value"].items()
        if kind == "intValue":
            need(isinstance(value, str) and re.fullmatch(r"-?\d+", value), f"an int64 is a text: {value!r}")
            value = int(value)
        else:
            need(kind == "stringValue" and isinstance(value, str), f"{kind}: {value!r}")
        found[item["key"]] = value
    return found


class Span:
    def __init__(self, json_span, resource):
        span = members(json_span, ["traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "flags"],
                       ["parentSpanId", "attributes", "events", "status"])
        self.trace, self.id, self.parent = span["traceId"], span["spanId"], span.get("parentSpanId")
        need(len(self.trace) == 32 and HEX.fullmatch(self.trace) and int(self.trace, 16), f"traceId {self.trace!r}")
        for one in [self.id] + ([self.parent] if "parentSpanId" in span else []):
            need(len(one) == 16 and HEX.fullmatch(one) and int(one, 16), f"span id {one!r}")
        need(isinstance(span["flags"], int) and span["flags"] < 2**32, "flags")
        self.sampled = span["flags"] & 1 == 1
        self.name, self.kind = span["name"], KINDS[span["kind"]]
        need(isinstance(self.name, str) and self.name, "name")
        self.begin, self.end = nanoseconds(span["startTimeUnixNano"]), nanoseconds(span["endTimeUnixNano"])
        need(self.begin <= self.end, "ends before it begins")
        self.attributes = attributes(span.get("attributes", []))
        self.events = [members(event, ["timeUnixNano", "name"])["name"] for event in span.get("events", [])]
        for event in span.get("events", []):
            need(self.begin <= nanoseconds(event["timeUnixNano"]) <= self.end, f"event outside of {self.name}")
        status = members(span.get("status", {}), [], ["code", "message"])
        need(status.get("code", 0) in (0, 1, 2), f"status {status}")
        self.error = status.get("message") if status.get("code") == 2 else None
        self.resource = resource


def spans_of(request):
    need(request.method == "POST" and request.header("Content-Type") == "application/json", f"{request.raw!r}")
    found = []
    for of_resource in members(json.loads(request.body), ["resourceSpans"])["resourceSpans"]:
        resource = attributes(members(members(of_resource, ["resource", "scopeSpans"])["resource"], ["attributes"])["attributes"])
        for scope in of_resource["scopeSpans"]:
            members(members(scope, ["scope", "spans"])["scope"], ["name", "version"])
            need(scope["spans"], "no spans")
            found += [Span(span, resource) for span in scope["spans"]]
    return found


class Collector(HttpOrigin):
    """`reply(request)`: what it answers, instead of taking all. `identity`: its certificate and key, for HTTPS."""

    def __init__(self, reply=None, identity=None):
        self.context = None
        if identity:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*identity)
        self.reply, self.taken, self.wrong = reply, [], []
        super().__init__(self._take)

    def _serve(self, connection):
        if self.context:
            connection.socket = self.context.wrap_socket(connection.socket, server_side=True)
        super()._serve(connection)

    def _take(self, request):
        answer = self.reply(request) if self.reply else response(b"{}", headers="Content-Type: application/json\r\n")
        if answer and answer.startswith(b"HTTP/1.1 200"):
            try:
                self.taken += spans_of(request)
            except (ValueError, KeyError, TypeError) as error:
                self.wrong.append(f"{error!r}: {request.body[:2000]!r}")
        return answer

    def spans(self, count=1, **attributes):
        """Waits for so many spans with these attributes ("." is "__" here)."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}

        def found():
            assert not self.wrong, self.wrong[0]
            has = [s for s in list(self.taken) if all(s.attributes.get(k) == v for k, v in wanted.items())]
            return has if len(has) >= count else None
        return wait_until(found, what=f"{count} spans with {wanted}")
