"""RFC 9111 §3, rule by rule, with the section in the name: the built gateway between a client and a service whose
answers are scripted. What is stale is so from the beginning (Age), so that nothing has to be waited for."""
import pytest

from cached import Cached, date, is_hit, result, says, STALE, stored
from origins import response

# ---- 3 Storing Responses in Caches

def test_3_an_answer_with_explicit_freshness_is_stored_and_used_again(shop):
    resource = shop.resource(says("max-age=60"))
    first, second = resource.get(), resource.get()
    assert result(first) == ("shared", {"fwd": "uri-miss", "stored": "", "ttl": result(first)[1]["ttl"]})
    assert (second.status, second.body, resource.count) == (200, b"hello", 1)
    assert is_hit(second) and int(second.header("Age")) >= 0 and 0 < int(result(second)[1]["ttl"]) <= 60


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_3_answers_to_other_methods_are_not_stored(shop, method):
    resource = shop.resource(says("max-age=60, public"))
    resource.get(method=method)
    resource.get(method=method)
    assert resource.count == 2
    assert not is_hit(resource.get()) and resource.count == 3


@pytest.mark.parametrize("status, reason", [(400, "Bad Request"), (413, "Too Large"), (414, "Too Long"), (431, "Too Large"), (500, "Error"),
                                            (501, "No"), (502, "Bad"), (503, "No"), (504, "Late"), (299, "Unknown"), (499, "Unknown")])
def test_3_what_is_not_understood_or_a_fault_is_not_stored_however_fresh(shop, status, reason):
    assert not stored(shop.resource(says("public, max-age=60", status=status, reason=reason)))


@pytest.mark.parametrize("status", [203, 204, 300, 301, 302, 307, 308, 404, 405, 410])
def test_3_other_final_answers_that_are_fresh_are(shop, status):
    body = b"" if status == 204 else b"hello"
    answer = f"HTTP/1.1 {status} X\r\nCache-Control: max-age=60\r\n{'' if status == 204 else 'Content-Length: 5'}\r\n".encode()
    answer = answer.rstrip(b"\r\n") + b"\r\n\r\n" + body
    resource = shop.resource(answer)
    assert stored(resource) and resource.get().status == status


def test_3_without_any_freshness_302_is_not_stored(shop):
    assert not stored(shop.resource(says(status=302, headers="Location: /x\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n")))


def test_3_no_store_of_the_answer(shop):
    assert not stored(shop.resource(says("max-age=60, no-store")))


def test_3_no_store_of_the_request(shop):
    resource = shop.resource(says("max-age=60"))
    assert not stored(resource, "Cache-Control: no-store\r\n")
    assert not is_hit(resource.get())


def test_3_private(shop):
    assert not stored(shop.resource(says("max-age=60, private")))


def test_3_set_cookie_is_stored_only_where_the_answer_is_public(shop):
    assert not stored(shop.resource(says("max-age=60", headers="Set-Cookie: a=1\r\n")))
    assert stored(shop.resource(says("max-age=60, public", headers="Set-Cookie: a=1\r\n")))


def test_3_1_fields_of_a_connection_are_not_stored(shop):
    resource = shop.resource(says("max-age=60", headers="Connection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\nKeep-Alive: timeout=5\r\n"))
    resource.get()
    answer = resource.get()
    assert is_hit(answer) and answer.header("X-End") == "2"
    assert answer.header("X-Hop") is None and answer.header("Keep-Alive") is None


def test_3_1_a_date_is_added_where_there_is_none(shop):
    resource = shop.resource(says("max-age=60"))
    resource.get()
    assert resource.get().header("Date")


def test_3_2_a_304_updates_the_stored_fields_but_not_what_tells_of_the_body(shop):
    old = response(b"hello", headers='ETag: "a"\r\nCache-Control: max-age=10\r\nX-Version: 1\r\nX-Kept: yes\r\n' + STALE)
    new = (b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nCache-Control: max-age=60\r\nX-Version: 2\r\nX-New: 3\r\n'
           b"Content-Length: 999\r\nContent-Encoding: br\r\nContent-Range: bytes 0-1/2\r\n\r\n")
    resource = shop.resource(old, new)
    resource.get()
    for _ in range(2):
        answer = resource.get()
        assert (answer.status, answer.body) == (200, b"hello")
        assert [answer.header(name) for name in ("X-Version", "X-Kept", "X-New")] == ["2", "yes", "3"]
        assert answer.header("Content-Encoding") is None and answer.header("Content-Range") is None
        assert answer.header("Content-Length") == "5" and answer.header("Cache-Control") == "max-age=60"
    assert is_hit(answer) and resource.count == 2


@pytest.mark.parametrize("broken", [b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\nhello",
                                    b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
                         ids=["length", "chunked"])
def test_3_3_an_incomplete_answer_is_not_stored(tmp_path, broken):
    shop = Cached(tmp_path)
    shop.service.close = True
    resource = shop.resource(broken, says("max-age=60", body=b"whole"))
    answer = resource.get()  # nothing of it may have been on its way yet
    assert answer.status == 502 or not answer.complete
    assert resource.get().body == b"whole"
    shop.close()


def test_3_3_a_206_is_not_stored(shop):
    part = b"HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\nContent-Range: bytes 0-1/5\r\nContent-Length: 2\r\n\r\nhe"
    resource = shop.resource(part, says("max-age=60"))
    assert resource.get("Range: bytes=0-1\r\n").status == 206
    assert (resource.get().body, resource.count) == (b"hello", 2)


def test_3_4_parts_come_from_a_stored_whole(shop):
    resource = shop.resource(says("max-age=60", body=b"0123456789", headers='ETag: "a"\r\n'))
    resource.get()
    for value, body, told in [("0-3", b"0123", "0-3"), ("4-", b"456789", "4-9"), ("-2", b"89", "8-9"), ("8-100", b"89", "8-9"),
                              ("-99", b"0123456789", "0-9"), ("0-99999999999999999999999", b"0123456789", "0-9")]:
        answer = resource.get(f"Range: bytes={value}\r\n")
        assert (answer.status, answer.body, answer.header("Content-Range")) == (206, body, f"bytes {told}/10"), value
        assert is_hit(answer) and answer.header("ETag") == '"a"'
    answer = resource.get("Range: bytes=10-\r\n")
    assert (answer.status, answer.header("Content-Range"), answer.body) == (416, "bytes */10", b"")
    for value in ["bytes=1-0", "bytes=a-b", "bytes=-9223372036854775808x", "bytes=" + "0-," * 1000, "items=0-1", "bytes=0-1,4-5"]:
        assert (resource.get(f"Range: {value}\r\n").status, resource.count) == (200, 1), value


def test_3_4_if_range_decides_whether_the_part_is_meant(shop):
    changed = "Sun, 06 Nov 1994 08:49:37 GMT"
    resource = shop.resource(says("max-age=60", body=b"0123456789", headers=f'ETag: "a"\r\nLast-Modified: {changed}\r\n'))
    resource.get()
    for condition, status in [('"a"', 206), ('"b"', 200), ('W/"a"', 200), (changed, 206), (date(), 200)]:
        assert resource.get(f"Range: bytes=0-1\r\nIf-Range: {condition}\r\n").status == status, condition


AUTHORIZED = "Authorization: Basic YTpi\r\n"


def test_3_5_what_answers_credentials_is_not_stored(shop):
    assert not stored(shop.resource(says("max-age=60")), AUTHORIZED)


@pytest.mark.parametrize("control", ["max-age=60, public", "s-maxage=60", "max-age=60, must-revalidate"])
def test_3_5_unless_the_answer_allows_it(shop, control):
    assert stored(shop.resource(says(control)), AUTHORIZED)


def test_3_5_nothing_of_credentials_reaches_others(shop):
    resource = shop.resource(lambda request: says("max-age=60", body=(request.header("Authorization") or "nobody").encode()))
    assert resource.get(AUTHORIZED).body == b"Basic YTpi"
    assert resource.get().body == b"nobody"
